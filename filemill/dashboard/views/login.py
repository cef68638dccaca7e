"""The login page."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView


class LoginForm(AuthenticationForm):
    """Django's own, in plain words: which of the two was wrong is told to nobody."""

    error_messages = {  # noqa: RUF012  Django's own way of declaring
        "invalid_login": "That user name and password do not go together. Mind capital letters, then try again.",
        "inactive": "This account is switched off. Ask whoever runs this service.",
    }


class Login(LoginView):
    """Ask for user name and password; who has a session goes on at once."""

    template_name = "dashboard/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
