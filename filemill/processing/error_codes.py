"""The bounded list of codes that a failed task or attempt can carry, each with its meaning and its mend."""

from typing import Final, NamedTuple


class ErrorCode(NamedTuple):
    """What a code means to a person, and what they can do about it."""

    meaning: str
    mend: str


ERROR_CODES: Final[dict[str, ErrorCode]] = {
    "corrupt_file": ErrorCode("The file is damaged or cut short.", "Send the whole file again."),
    "empty_file": ErrorCode("The file holds no bytes.", "Send a file with content."),
    "unsupported_format": ErrorCode("The format is not one that Filemill reads.", "Convert it to a listed format."),
    "type_mismatch": ErrorCode("The content is not of the stated task type.", "Send it with the right task_type."),
    "password_required": ErrorCode("The document is encrypted.", "Give its `password`, or send it without."),
    "wrong_password": ErrorCode("The password does not open the document.", "Give the right one."),
    "too_large": ErrorCode("Something in the file is larger than is allowed.", "Send a smaller one."),
    "too_many_bytes": ErrorCode("The file is larger than is allowed.", "Send a smaller one; `FILEMILL_MAX_BYTES`."),
    "too_many_pixels": ErrorCode("The picture has too many pixels.", "Scale it down; `FILEMILL_MAX_PIXELS`."),
    "too_many_frames": ErrorCode("The animation has too many frames.", "Send fewer; `FILEMILL_MAX_FRAMES`."),
    "too_many_pages": ErrorCode("The document has too many pages.", "Split it; `FILEMILL_MAX_PAGES`."),
    "too_long": ErrorCode("The film or sound lasts too long.", "Cut it; `FILEMILL_MAX_DURATION_SECONDS`."),
    "too_many_streams": ErrorCode("The container holds too many streams.", "Drop some; `FILEMILL_MAX_STREAMS`."),
    "too_deeply_nested": ErrorCode(
        "The content is nested too deeply.", "Flatten it; `FILEMILL_MAX_NESTING`, `FILEMILL_MAX_ARCHIVE_DEPTH`."
    ),
    "too_compressed": ErrorCode(
        "The content unpacks to suspiciously much.", "Send it unpacked; `FILEMILL_MAX_COMPRESSION_RATIO`."
    ),
    "invalid_options": ErrorCode("The options can't be applied to this file.", "Read error_message and change them."),
    "source_missing": ErrorCode("The file is no longer where it was.", "Put it back and retry, or submit it anew."),
    "source_denied": ErrorCode("The file may not be read.", "Check the path and its permissions."),
    "memory_limit": ErrorCode("The work needed more memory than is allowed.", "Send a smaller or simpler file."),
    "time_limit": ErrorCode("The work took longer than is allowed.", "Send a shorter file or cheaper options."),
    "output_limit": ErrorCode("The output grew larger than is allowed.", "Ask for a smaller output."),
    "process_limit": ErrorCode("The work started more processes than is allowed.", "Send a simpler file."),
    "poison": ErrorCode("The file killed its process three times.", "Look at the attempts; do not send it again."),
    "cage_crashed": ErrorCode("The confined process died on this file.", "Retry; look at the attempt's evidence."),
    "tool_missing": ErrorCode("A tool that the work needs is not installed.", "Run `filemill doctor`."),
    "disk_full": ErrorCode("There was no room to store the output.", "Free disk space, then retry."),
    "storage_error": ErrorCode("The output could not be stored.", "Check the storage, then retry."),
    "worker_lost": ErrorCode("The worker gave no sign of life.", "Nothing: it is run again. See the worker's log."),
    "worker_stopped": ErrorCode("The worker was told to stop.", "Nothing: it is run again by another."),
    "handed_back": ErrorCode("A worker gave the file back before it began.", "Nothing: another works on it."),
    "expired": ErrorCode("The task was not started before its deadline.", "Retry it, or add workers."),
    "internal_error": ErrorCode("Filemill itself failed.", "Look for the task's id in the log and report it."),
}
