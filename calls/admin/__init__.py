from calls.admin import calls, do_not_call, promises, voice

__all__ = ["calls", "do_not_call", "promises", "voice"]
