//! A client writes to a file that somebody else changed since it looked, or that it never looked at: fourteen cases with the
//! real client, each told as data and played with writ and without.

mod cases;
mod desk;
mod with_writ;
mod without_writ;
