"""Rules, profiles, the user's policy and waivers."""
