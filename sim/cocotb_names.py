"""Names by which a simulation's process and its caller find each other's files."""

JOB_FILE = "job.pickle"
RESULT_FILE = "results.pickle"
PROGRESS_VARIABLE = "WEFT_PROGRESS"  # number of the pipe for progress lines
