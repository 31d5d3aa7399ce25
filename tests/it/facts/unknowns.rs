//! What is not known of Komerza, and the tests of each way in which it may turn out.
