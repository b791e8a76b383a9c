mod artifacts;
mod certificates;
mod children;
mod create;
mod end;
mod list;
mod show;
