"""The pages: the list with its form, a task, the login."""
