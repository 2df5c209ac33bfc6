"""What the commands in script/ are made of: the environment, the services, the running programs."""
