//! Shows a report: line by line to a person, or as one JSON document.

use std::io::{self, Write};

use super::report::{AnswerReport, CredentialReport, ImageReport, ProviderReport, Report, Source, StepReport};
use crate::demo::{Paint, Show};

pub(super) fn show(report: &Report, show: Show, out: &mut dyn Write) -> io::Result<()> {
    match show {
        Show::Table(paint) => Screen { out, paint }.report(report),
        Show::Json => writeln!(out, "{}", serde_json::to_string_pretty(report)?),
    }
}

struct Screen<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
}

impl Screen<'_> {
    fn report(&mut self, report: &Report) -> io::Result<()> {
        writeln!(self.out, "kubelet {}, configuration {}", report.kubelet, report.config.join(", "))?;
        match &report.pod {
            None => writeln!(self.out, "no pod: as for a static pod, without a service account")?,
            Some(pod) => {
                let account = match pod.service_account.as_str() {
                    "" => "without a service account".to_owned(),
                    name => format!("with the service account `{name}`"),
                };
                let name = if pod.name.is_empty() { "(no name)" } else { &pod.name };
                writeln!(self.out, "pod {}/{name} {account}", pod.namespace)?;
            }
        }
        report.images.iter().try_for_each(|image| self.image(image))
    }

    fn image(&mut self, image: &ImageReport) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.bold(&image.image))?;
        if let Some(error) = &image.error {
            return writeln!(self.out, "  {} {error}", self.paint.bad("no image name:"));
        }
        writeln!(self.out, "  asked about   {}", image.repository.as_deref().unwrap_or_default())?;
        for provider in &image.providers {
            self.provider(provider)?;
        }
        self.credentials(&image.credentials)?;
        let empty = if image.log.is_empty() { ": nothing" } else { "" };
        writeln!(self.out, "  the kubelet's log{empty}")?;
        for line in &image.log {
            let mut text = line.text.lines();
            writeln!(self.out, "    {:<4}  {}", line.level, text.next().unwrap_or_default())?;
            text.try_for_each(|text| writeln!(self.out, "          {text}"))?;
        }
        Ok(())
    }

    fn provider(&mut self, provider: &ProviderReport) -> io::Result<()> {
        writeln!(self.out, "  provider `{}`", provider.name)?;
        let width = provider.entries.iter().map(|entry| entry.entry.chars().count()).max().unwrap_or(0).max(12);
        for entry in &provider.entries {
            let nearest = if provider.nearest.as_ref() == Some(&entry.entry) { " (nearest)" } else { "" };
            let told = match &entry.miss {
                None => self.paint.good("matches"),
                Some(miss) => format!("no match: {miss}{nearest}"),
            };
            writeln!(self.out, "    {:<width$}  {told}", entry.entry)?;
        }
        match &provider.step {
            StepReport::NotAsked { reason } => writeln!(self.out, "    not asked     {}", self.paint.bad(reason)),
            StepReport::Cache { key_type, until } => {
                writeln!(self.out, "    from cache    an answer for cacheKeyType {key_type}, until {until}")
            }
            StepReport::Run { took_ms, ending, stderr, answer, refused } => {
                writeln!(self.out, "    ran           {took_ms:.1} ms, {ending}")?;
                for line in stderr.lines() {
                    writeln!(self.out, "    stderr        {line}")?;
                }
                if let Some(refused) = refused {
                    writeln!(self.out, "    refused       {}", self.paint.bad(refused))?;
                }
                answer.as_ref().map_or(Ok(()), |answer| self.answer(answer))
            }
        }
    }

    fn answer(&mut self, answer: &AnswerReport) -> io::Result<()> {
        let AnswerReport { key_type, kept, keys } = answer;
        let keys = if keys.is_empty() { "no credentials".to_owned() } else { format!("auth for {}", keys.join(", ")) };
        writeln!(self.out, "    answered      {keys}; cacheKeyType {key_type}, {kept}")
    }

    fn credentials(&mut self, credentials: &[CredentialReport]) -> io::Result<()> {
        if credentials.is_empty() {
            let text = "none: the image is pulled anonymously";
            return writeln!(self.out, "  credentials   {}", self.paint.bad(text));
        }
        writeln!(self.out, "  credentials   tried in this order, up to the first that pulls")?;
        for (position, credential) in credentials.iter().enumerate() {
            let CredentialReport { key, source, username, password_characters } = credential;
            let source = match source {
                Source::PullSecret(name) => format!("pull secret `{name}`"),
                Source::Node => "the node's Docker configuration".to_owned(),
                Source::Provider(name) => format!("provider `{name}`"),
            };
            let password = format!("password of {password_characters} characters");
            writeln!(self.out, "    {}. {key}  user `{username}`, {password}, from {source}", position + 1)?;
        }
        Ok(())
    }
}
