from calls.admin import calls, do_not_call, halts, promises, unconfirmed, voice

__all__ = ["calls", "do_not_call", "halts", "promises", "unconfirmed", "voice"]
