"""What a person sees once the service is ready."""

from dataclasses import dataclass

from filemill.launch.environment import PROJECT, LaunchEnvironment


@dataclass(frozen=True)
class FirstUser:
    """The user that the banner names; `password` is only known when it has just been generated."""

    username: str
    password: str | None = None


def write_banner(environment: LaunchEnvironment, user: FirstUser, *, took_seconds: float) -> str:
    """The address, who may log in, and a line of curl to try."""
    url = environment.url
    sample = "samples/photo.jpg" if not _find_sample() else _find_sample()
    login = f"{user.username}:{user.password}" if user.password else user.username
    return "\n".join(
        [
            f"  Filemill is ready after {took_seconds:.1f} s:  {url}",
            "",
            f"    user        {user.username}",
            f"    password    {_describe_password(environment, user)}",
            f"    API         {url}api/docs/",
            f"    inbox       {environment.variables.get('FILEMILL_ROOTS') or environment.home.inbox}",
            "",
            "    Try it:",
            f"    curl -u '{login}' -F task_type=image -F 'file=@{sample}' {url}api/tasks/create_task/",
            "",
            "  Ctrl-C stops everything.",
        ]
    )


def _describe_password(environment: LaunchEnvironment, user: FirstUser) -> str:
    kept = environment.home.first_password
    if user.password is not None:
        return f"{user.password}   (shown this once; kept in {kept})"
    return f"in {kept}" if kept.is_file() else "the one you gave"


def _find_sample() -> str:
    """A picture to try, as the person in the project's directory would name it."""
    found = sorted(path for path in (PROJECT / "samples").glob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
    return str(found[0]) if found else ""
