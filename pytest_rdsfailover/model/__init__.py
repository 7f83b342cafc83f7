"""The words of a trial, the settings, the clock and the protocol of what fails over."""
