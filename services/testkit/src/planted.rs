//! Proof that tests would notice: a defect that is planted on purpose (see `chassis::planted`) must make the test fail that
//! is there to find it.

use std::process::{Command, Stdio};

/// Runs tests of this very test binary, each in a process of its own: without a defect it must pass, with its defect it must not.
///
/// # Panics
///
/// When a test does not exist, fails without any defect, or does not find its defect.
pub fn assert_found(defects: &[(&str, &str)]) {
    for (defect, test) in defects {
        assert!(passes(test, None), "{test} fails without any defect");
        assert!(!passes(test, Some(defect)), "{test} does not find {defect}");
    }
}

fn passes(test: &str, defect: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--test-threads=1"])
        .env_remove("PLANTED_BUG")
        .stdin(Stdio::null());
    if let Some(defect) = defect {
        command.env("PLANTED_BUG", defect);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("running 1 test"),
        "there is no test {test}: {said}"
    );
    output.status.success()
}
