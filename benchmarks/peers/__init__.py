"""Other ways to send the same requests, each as a careful programmer would write it."""
