//! What the simulator's matching costs: a million entries held against images in a second, on one core.

use std::hint::black_box;

use conformance::kubelet::{GoVersion, ImageAddress, ImagePattern};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

criterion_group!(matching, pairs, parsing);
criterion_main!(matching);

const ENTRIES: [&str; 8] = [
    "*.dkr.ecr.*.amazonaws.com",
    "*.azurecr.io",
    "gcr.io",
    "*.gcr.io",
    "docker.r.io/team/app",
    "registry.io:5000/*",
    "*.*.r.io",
    "localhost:5000",
];
const IMAGES: [&str; 4] = [
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app",
    "docker.r.io/team/app/web",
    "registry.io:5000/library/nginx",
    "docker.io/library/nginx",
];

fn pairs(criterion: &mut Criterion) {
    let go = GoVersion::default();
    let entries = ENTRIES.map(|entry| ImagePattern::parse(entry, go).expect("an entry"));
    let images = IMAGES.map(|image| ImageAddress::parse(image, go).expect("an image"));
    let mut group = criterion.benchmark_group("matching");
    group.throughput(Throughput::Elements((ENTRIES.len() * IMAGES.len()) as u64));
    group.bench_function("entries that are parsed, images that are parsed", |bencher| {
        bencher.iter(|| {
            let all = images.iter().flat_map(|image| entries.iter().map(move |entry| entry.is_for(image)));
            black_box(all.filter(|is_for| *is_for).count())
        });
    });
    group.finish();
}

fn parsing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching");
    group.throughput(Throughput::Elements(1));
    group.bench_function("both from text", |bencher| {
        bencher
            .iter(|| conformance::kubelet::matches(black_box(ENTRIES[0]), black_box(IMAGES[0]), GoVersion::default()));
    });
    group.finish();
}
