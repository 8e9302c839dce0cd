//! Subject transforms against what nats-server made of the same subjects.

use anabranch_subject::SubjectTransform;

#[test]
fn subjects_become_what_nats_server_makes_of_them() {
    let lines = include_str!("transforms.txt").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [destination, subject, expected] = cells.as_slice() else { panic!("{line}") };
        let transform = SubjectTransform::new(b"a.*.*", destination.as_bytes());
        let transform = transform.expect("the destination was accepted");
        let made = transform.apply(subject.as_bytes(), || 0).expect("the source matches");
        assert_eq!(String::from_utf8_lossy(&made), *expected, "{line}");
        count += 1;
    }
    assert_eq!(count, 80);
}
