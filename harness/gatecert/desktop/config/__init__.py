"""The configuration of third-party inference, in every form in which it is shipped. No I/O."""
