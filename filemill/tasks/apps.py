from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "filemill.tasks"
    label = "tasks"
    verbose_name = "Tasks"
