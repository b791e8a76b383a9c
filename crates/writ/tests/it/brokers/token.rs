//! See the page of this broker under docs/.
