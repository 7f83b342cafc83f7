"""AWS Lambda on this machine: functions in processes of AWS's own runtime client, frozen when idle."""
