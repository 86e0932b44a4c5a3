"""Where a picture comes from: signed into it as it is made, and read from it by anybody."""
