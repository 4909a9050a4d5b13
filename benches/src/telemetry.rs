//! What telemetry adds to the kubelet's wait, whatever the collector does, and what the exporter costs beside it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use crate::Failure;
use crate::machine;
use crate::programs::Programs;
use crate::rounds::Plan;
use crate::series::Series;
use crate::site::Site;
use crate::start::{Cost, cost};
use crate::subject::Subject;
use crate::table::Table;

/// Pulls that the exporter which is measured finds in its spool.
const SPOOLED: usize = 200;

/// What a collector does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collector {
    /// There is none: the row that the others are compared with, and the same again, to see what is noise.
    Off,
    Up,
    Refusing,
    Hanging,
}

/// Whether an exporter of the pulls before it runs, or the pull has to start one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exporter {
    Runs,
    Started,
}

const VARIANTS: [(&str, Collector, Exporter); 7] = [
    ("off", Collector::Off, Exporter::Runs),
    ("off, again", Collector::Off, Exporter::Runs),
    ("on, collector up", Collector::Up, Exporter::Runs),
    ("on, collector refuses", Collector::Refusing, Exporter::Runs),
    ("on, collector hangs", Collector::Hanging, Exporter::Runs),
    ("on, up, no exporter yet", Collector::Up, Exporter::Started),
    ("on, hangs, no exporter yet", Collector::Hanging, Exporter::Started),
];

/// Measures everything and writes Markdown.
pub(crate) fn report(programs: &Programs, plan: Plan, out: &mut impl Write) -> Result<(), Failure> {
    let site = Site::start(programs)?;
    let ports = Ports::open()?;
    let folder = tempfile::tempdir()?;
    let [_, azure, _] = <[Subject; 3]>::try_from(Subject::clouds(programs, &site)?).map_err(|_| "three clouds")?;
    writeln!(out, "{}\n", machine::description())?;
    writeln!(out, "Profile {}, {} rounds after {}.\n", programs.profile.name(), plan.rounds, plan.warm_up)?;
    let declined = Subject::declined(programs);
    for (number, subject) in [&azure, &declined].into_iter().enumerate() {
        let costs = rounds(subject, &ports, &folder.path().join(number.to_string()), plan)?;
        table(subject.name, &costs).write(out)?;
    }
    let cost = exporter(programs, &azure, &ports, folder.path())?;
    let series = |read: fn(&[Cost]) -> Series| read(&[cost]).median();
    let (processor, memory) = (series(Series::processor), series(Series::peak_memory));
    writeln!(out, "The exporter, {SPOOLED} pulls: {processor:.2} ms of processor time, peak memory {memory:.2} MB.")?;
    Ok(())
}

/// Each variant once a round, each round beginning with another one.
fn rounds(subject: &Subject, ports: &Ports, folder: &Path, plan: Plan) -> Result<Vec<Vec<Cost>>, Failure> {
    std::fs::create_dir_all(folder)?;
    let mut costs = vec![Vec::with_capacity(plan.rounds); VARIANTS.len()];
    for round in 0..plan.warm_up + plan.rounds {
        for turn in 0..VARIANTS.len() {
            let index = (round + turn) % VARIANTS.len();
            let (_, collector, exporter) = VARIANTS[index];
            let root = match exporter {
                Exporter::Runs => folder.join(index.to_string()),
                Exporter::Started => tempfile::tempdir_in(folder)?.keep(),
            };
            std::fs::create_dir_all(root.join("run"))?;
            let cost = cost(&subject.told_to(&root, ports.of(collector)))?;
            if round >= plan.warm_up {
                costs[index].push(cost);
            }
            if exporter == Exporter::Started {
                // The exporter finds nothing left and goes.
                std::fs::remove_dir_all(root)?;
            }
        }
    }
    Ok(costs)
}

fn table(name: &str, costs: &[Vec<Cost>]) -> Table {
    let mut table = Table::new(&[name, "wall min, ms", "p50", "p95", "p50 over off", "p95 over off", "CPU p50"]);
    let off = Series::wall(&costs[0]);
    for ((variant, _, _), costs) in VARIANTS.iter().zip(costs) {
        let wall = Series::wall(costs);
        let over = [wall.median() - off.median(), wall.percentile_95() - off.percentile_95()];
        let cells = [wall.least(), wall.median(), wall.percentile_95()].into_iter().chain(over);
        table.row(variant, cells.chain([Series::processor(costs).median()]).map(|value| format!("{value:.2}")));
    }
    table
}

/// One exporter that finds a full spool, and what it costs until it goes.
fn exporter(programs: &Programs, subject: &Subject, ports: &Ports, folder: &Path) -> Result<Cost, Failure> {
    const SPOOL: &str = "run/artifactory-credential-provider/telemetry";
    let (of_a_pull, full) = (folder.join("pull"), folder.join("full"));
    std::fs::create_dir_all(of_a_pull.join("run"))?;
    cost(&subject.told_to(&of_a_pull, ports.of(Collector::Hanging)))?;
    // The exporter of that pull has not looked yet.
    let line = std::fs::read(of_a_pull.join(SPOOL).join("pulls"))?;
    std::fs::create_dir_all(full.join(SPOOL))?;
    std::fs::write(full.join(SPOOL).join("pulls"), line.repeat(SPOOLED))?;
    cost(&Subject::exporter(programs).told_to(&full, ports.of(Collector::Up)))
}

/// Where the collectors listen.
struct Ports {
    up: u16,
    refusing: u16,
    hanging: u16,
}

impl Ports {
    fn open() -> Result<Self, Failure> {
        // Nobody listens there once this one is closed.
        let refusing = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { up: collector(Collector::Up)?, refusing, hanging: collector(Collector::Hanging)? })
    }

    fn of(&self, collector: Collector) -> Option<u16> {
        match collector {
            Collector::Off => None,
            Collector::Up => Some(self.up),
            Collector::Refusing => Some(self.refusing),
            Collector::Hanging => Some(self.hanging),
        }
    }
}

/// A collector in threads of this process, which wait for a kernel and not for a processor.
fn collector(kind: Collector) -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, kind));
        }
    });
    Ok(port)
}

fn serve(mut stream: TcpStream, kind: Collector) -> Option<()> {
    let (mut text, mut part) = (Vec::new(), [0; 8192]);
    while !is_whole(&text) {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        text.extend_from_slice(&part[..length]);
    }
    if kind == Collector::Hanging {
        // Until the exporter has lost its patience.
        let _ = stream.read(&mut part);
        return None;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()
}

fn is_whole(text: &[u8]) -> bool {
    let Some(end) = text.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    text.len() >= end + 4 + length.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_request_is_whole_with_its_body() {
        assert!(!is_whole(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"));
        assert!(is_whole(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"));
        assert!(!is_whole(b"POST / HTTP/1.1\r\n"));
    }
}
