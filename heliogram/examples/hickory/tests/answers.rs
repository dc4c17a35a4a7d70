//! Runs the example: the resolver takes an answer from no other address than the one that it has asked.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn each_address_answers_for_itself() {
    let output = Command::new(env!("CARGO_BIN_EXE_heliogram-hickory")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = [1, 2, 9].map(|host| format!("127.0.0.{host} says 127.0.0.{host}\n")).concat();
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&output.stderr));
}
