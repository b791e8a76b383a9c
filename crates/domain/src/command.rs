//! What may be asked of the log, and the one pure function that answers.

use crate::{Actor, Event, Refusal, State, Time};
use crate::{
    artifact, broker, call, certificate, credential, developer, freeze, grant, key, lock, node, project, push, session,
    sign_in, team, write,
};

/// Something somebody wants to happen. Ids, secrets' digests and amounts are made before and passed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make a human known.
    RegisterDeveloper(developer::Register),
    /// Replace a human's roles.
    SetRoles(developer::SetRoles),
    /// Lock a human out and revoke all their sessions and sign-ins.
    DisableDeveloper(developer::Disable),
    /// Destroy who a human is, lock them out for good and revoke all their sessions and sign-ins.
    EraseDeveloper(developer::Erase),
    /// Make a team.
    CreateTeam(team::Create),
    /// Put a developer into a team.
    AddMember(team::AddMember),
    /// Take a developer out of a team.
    RemoveMember(team::RemoveMember),
    /// Make a project.
    CreateProject(project::Create),
    /// Say which resources the actions of a project's sessions touch.
    SetLockRules(project::SetLockRules),
    /// Start a sign-in.
    SignIn(sign_in::SignIn),
    /// End a sign-in.
    SignOut(sign_in::SignOut),
    /// Open a session.
    OpenSession(Box<session::Open>),
    /// End a session from inside: the agent exited.
    EndSession(session::End),
    /// Revoke a session from outside: the kill switch.
    RevokeSession(session::Revoke),
    /// Note that a session missed its beats or reached its expiry.
    LapseSession(session::Lapse),
    /// Note that a suspect session beats again.
    RecoverSession(session::Recover),
    /// Set money aside for a model call.
    ReserveCall(Box<call::Reserve>),
    /// Account for a reserved call.
    SettleCall(Box<call::Settle>),
    /// Settle the open calls of a node that is gone, a bounded number at a time.
    AbandonCalls(call::Abandon),
    /// Record a trace that a session left in another system.
    RecordArtifact(artifact::Record),
    /// Issue a certificate to a session.
    IssueCertificate(certificate::Issue),
    /// Have the installation's keys replaced.
    AskKeyRotation(key::RotationAsked),
    /// Note the new key.
    NoteKeyRotation(key::Rotated),
    /// Configure a broker.
    ConfigureBroker(Box<broker::Configure>),
    /// Switch a broker on or off.
    SwitchBroker(broker::Switch),
    /// Remove a broker.
    RemoveBroker(broker::Remove),
    /// Give a project a grant.
    SetGrant(Box<grant::Set>),
    /// Take a grant away.
    RemoveGrant(grant::Remove),
    /// Ask for a credential.
    RequestCredential(Box<credential::Request>),
    /// Record what became of asking a broker for one.
    RecordMint(credential::RecordMint),
    /// Ask that a credential be revoked.
    RevokeCredential(credential::Revoke),
    /// Note that a credential cannot be ended, so far.
    NoteStalled(credential::NoteStalled),
    /// Note that a credential is dead.
    FinishCredential(credential::Finish),
    /// Ask for locks, or claim what was offered.
    AcquireLock(Box<lock::Acquire>),
    /// Let locks go, or wait no longer.
    ReleaseLock(lock::Release),
    /// Take locks away from their holder.
    BreakLock(lock::Break),
    /// Note that an offer was not taken up, or that a rest is over.
    LapseLock(lock::Lapse),
    /// Record changes of resources, or look at those to come.
    RecordWrite(Box<write::Record>),
    /// Ask whether a push may go in.
    CheckPush(Box<push::Check>),
    /// Note that a push has arrived.
    LandPush(push::Land),
    /// Freeze a resource.
    FreezeResource(Box<freeze::Ask>),
    /// Thaw it.
    ThawResource(Box<freeze::Thaw>),
    /// Note that a process came up.
    StartNode(node::Start),
    /// Note that a process is gone.
    LoseNode(node::Lose),
}

/// Decides what a command makes happen now, against the state so far. Pure: same arguments, same answer.
///
/// An empty list means: already so, nothing to write. Time never runs backwards inside the log: a `now` before the
/// newest entry counts as that entry's time.
///
/// # Errors
/// A [`Refusal`] says why not; nothing is written then.
pub fn decide(state: &State, by: Actor, command: &Command, now: Time) -> Result<Vec<Event>, Refusal> {
    let now = now.max(state.last_time);
    let mut events = decide_one(state, by, command, now)?;
    lock::complete(state, &mut events, now);
    session::complete(state, &mut events, now);
    Ok(events)
}

fn decide_one(state: &State, by: Actor, command: &Command, now: Time) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::RegisterDeveloper(command) => developer::register(state, by, command),
        Command::SetRoles(command) => developer::set_roles(state, by, command),
        Command::DisableDeveloper(command) => developer::disable(state, by, command),
        Command::EraseDeveloper(command) => developer::erase(state, by, command),
        Command::CreateTeam(command) => team::create(state, by, command),
        Command::AddMember(command) => team::add_member(state, by, command),
        Command::RemoveMember(command) => team::remove_member(state, by, command),
        Command::CreateProject(command) => project::create(state, by, command),
        Command::SetLockRules(command) => project::set_lock_rules(state, by, command),
        Command::SignIn(command) => sign_in::sign_in(state, command, now),
        Command::SignOut(command) => sign_in::sign_out(state, by, command),
        Command::OpenSession(command) => session::open(state, by, command, now),
        Command::EndSession(command) => session::end(state, by, command, now),
        Command::RevokeSession(command) => session::revoke(state, by, command, now),
        Command::LapseSession(command) => session::lapse(state, command, now),
        Command::RecoverSession(command) => session::recover(state, by, command, now),
        Command::ReserveCall(command) => call::reserve(state, command, now),
        Command::SettleCall(command) => call::settle(state, command),
        Command::AbandonCalls(command) => Ok(call::abandon(state, command)),
        Command::RecordArtifact(command) => artifact::record(state, by, command, now),
        Command::IssueCertificate(command) => certificate::issue(state, by, command, now),
        Command::AskKeyRotation(command) => key::ask(state, by, command),
        Command::NoteKeyRotation(command) => key::note(state, by, command),
        Command::ConfigureBroker(command) => broker::configure(state, by, command),
        Command::SwitchBroker(command) => broker::switch(state, by, command),
        Command::RemoveBroker(command) => broker::remove(state, by, command),
        Command::SetGrant(command) => grant::set(state, by, command),
        Command::RemoveGrant(command) => grant::remove(state, by, command),
        Command::RequestCredential(command) => credential::request(state, by, command, now),
        Command::RecordMint(command) => credential::record_mint(state, by, command),
        Command::RevokeCredential(command) => credential::ask_revocation(state, by, command),
        Command::NoteStalled(command) => credential::note_stalled(state, by, command),
        Command::FinishCredential(command) => credential::finish(state, by, command, now),
        Command::AcquireLock(command) => lock::acquire(state, by, command, now),
        Command::ReleaseLock(command) => lock::release(state, by, command, now),
        Command::BreakLock(command) => lock::break_ticket(state, by, command, now),
        Command::LapseLock(command) => lock::lapse(state, command, now),
        Command::RecordWrite(command) => write::record(state, by, command, now),
        Command::CheckPush(command) => push::check(state, by, command, now),
        Command::LandPush(command) => push::land(state, by, command, now),
        Command::FreezeResource(command) => freeze::ask(state, by, command),
        Command::ThawResource(command) => freeze::thaw(state, by, command),
        Command::StartNode(command) => node::start(state, command),
        Command::LoseNode(command) => node::lose(state, command),
    }
}
