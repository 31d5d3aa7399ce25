//! One module per part of a section of the threat model; the name of each test starts with the row that it proves.

mod a_identity;
mod a_state;
mod b_attributes;
mod b_parser;
mod b_seal;
mod b_session;
mod c_answers;
mod c_requests;
