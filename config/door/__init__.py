"""The door: one ASGI application for requests, uploads, files and streams.

Django's own ASGI handler starts two threads and makes a dozen hops per request; here a request makes one hop to a
persistent thread and one back, and whatever is long (a body, a reply, a file) stays on the event loop.
"""
