"""What is made of files: operations, and the cage that confines them. Plain Python, without Django or Celery."""
