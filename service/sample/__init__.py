"""An invented but believable farm, to try Herdbook on."""
