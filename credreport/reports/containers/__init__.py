"""Input containers: archives of files, and text formats that contain the CSV. One module each."""
