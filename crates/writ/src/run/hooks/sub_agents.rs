//! The beginning and the end of sub-agents, and working trees of their own.

use std::path::Path;

use super::held::Until;
use super::input::{Agent, Input};
use super::plane::Plane;
use super::{Hooks, failed};
use crate::command_error::CommandError;
use crate::hook::wire::Answer;
use crate::output::clean;
use crate::run::parts::name_of;

impl<P: Plane> Hooks<P> {
    /// A sub-agent begins, or was told to go on.
    pub(super) fn sub_agent_wakes(&self, input: &Input) -> Answer {
        self.0.parts.wakes(&name_of(&input.agent().name));
        Answer::default()
    }

    /// A sub-agent is done: what it alone held is given back, as at the end of a turn, and what it did in a workspace of its
    /// own is kept. The agent that it worked for is told where.
    pub(super) async fn sub_agent_rests(&self, input: &Input) -> Answer {
        let agent = input.agent();
        // Of the agent itself this would be the end of its turn, which another event says.
        if agent.name.is_empty() {
            return Answer::default();
        }
        let released = self.state().tickets.let_go(|one| *one == agent, Until::Turn);
        self.release(released);
        let name = name_of(&agent.name);
        match self.0.parts.keep(&name).await {
            Ok(told) => {
                // Whose sub-agent it was is not said; the others hear of it from the one that people talk to.
                let main = Agent { conversation: agent.conversation, name: String::new() };
                let mut state = self.state();
                told.into_iter().for_each(|text| state.notices.leave(Some(&main), &name, text));
                Answer::default()
            }
            Err(error) => refused(&error),
        }
    }

    /// A working tree is asked for: the client takes the path that is printed.
    pub(super) async fn make_tree(&self, input: &Input) -> Answer {
        if input.name.is_empty() {
            return failed("the client does not say what the working tree is to be called");
        }
        match self.0.parts.create(&self.0.plane, &input.name, Path::new(&input.cwd)).await {
            Ok(tree) => Answer { out: format!("{}\n", tree.display()), ..Answer::default() },
            Err(error) => refused(&error),
        }
    }

    /// A working tree is not needed any more.
    pub(super) async fn remove_tree(&self, input: &Input) -> Answer {
        match self.0.parts.remove(&self.0.plane, Path::new(&input.worktree_path)).await {
            Ok(()) => Answer::default(),
            Err(error) => refused(&error),
        }
    }
}

fn refused(error: &CommandError) -> Answer {
    failed(&clean(&error.sentence()))
}
