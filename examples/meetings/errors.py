"""What can be wrong with a command. Plain exceptions: whatever leaves a handler rolls its transaction back."""


class MeetingsError(Exception):
    """Base of this application's errors; the text names who and what."""


class MeetingExists(MeetingsError):
    pass


class MeetingNotFound(MeetingsError):
    pass


class MeetingIsCancelled(MeetingsError):
    pass


class MeetingFull(MeetingsError):
    pass


class SeatsAvailable(MeetingsError):
    pass


class AlreadyJoined(MeetingsError):
    pass


class AlreadyWaiting(MeetingsError):
    pass


class AlreadyBanned(MeetingsError):
    pass


class NotJoined(MeetingsError):
    pass


class UserIsBanned(MeetingsError):
    pass
