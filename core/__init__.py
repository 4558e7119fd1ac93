"""The model, the ports and the runtime. No I/O; pydantic is the only third party."""
