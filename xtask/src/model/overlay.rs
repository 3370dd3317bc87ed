//! Lays one environment's overlay over the stack: pure, and total once both have been checked.

use super::{Environment, Name, Origin, Overlay, Settings, Stack, environment::SettingsOverlay};

/// The stack as the environment has it. Expects that `validate` found nothing.
pub(super) fn apply(name: Name, mut stack: Stack, overlay: Overlay, origin: Origin) -> Environment {
    set_settings(&mut stack.settings, overlay.settings);
    let own_ports = stack
        .components
        .iter()
        .map(|(name, component)| (name.clone(), component.ports.clone()))
        .collect();
    for (name, component) in &mut stack.components {
        let change = overlay.components.get(name).cloned().unwrap_or_default();
        for (port, number) in &mut component.ports {
            *number = change
                .ports
                .get(port)
                .copied()
                .unwrap_or_else(|| number.saturating_add(overlay.port_offset));
        }
        component.local_ports.extend(change.local_ports);
        component.enabled = change.enabled.unwrap_or(component.enabled);
        component.args.extend(change.args);
        component.env.extend(change.env);
        component.resources.memory = change.memory.or(component.resources.memory);
        component.start_timeout = change.start_timeout.unwrap_or(component.start_timeout);
    }
    stack.components.retain(|_, component| component.enabled);
    let components = &stack.components;
    // A job that is a component's own goes with it.
    stack.jobs.retain(|_, job| {
        job.runs_in(&name) && job.of.as_ref().is_none_or(|of| components.contains_key(of))
    });
    Environment {
        name,
        build: overlay.build,
        stack,
        own_ports,
        origin,
    }
}

fn set_settings(settings: &mut Settings, overlay: SettingsOverlay) {
    let SettingsOverlay {
        log_level,
        scrape_interval,
        metrics_retention,
        public_url,
        alert_email,
        admin_email,
        shop_email,
        registrations_per_client,
        requests_per_second,
        request_burst,
        logins_per_minute,
        login_burst,
        mail_at_edge,
    } = overlay;
    set(&mut settings.log_level, log_level);
    set(&mut settings.scrape_interval, scrape_interval);
    set(&mut settings.metrics_retention, metrics_retention);
    set(&mut settings.public_url, public_url);
    set(&mut settings.alert_email, alert_email);
    set(&mut settings.admin_email, admin_email);
    set(&mut settings.shop_email, shop_email);
    set(
        &mut settings.registrations_per_client,
        registrations_per_client,
    );
    set(&mut settings.requests_per_second, requests_per_second);
    set(&mut settings.request_burst, request_burst);
    set(&mut settings.logins_per_minute, logins_per_minute);
    set(&mut settings.login_burst, login_burst);
    set(&mut settings.mail_at_edge, mail_at_edge);
}

fn set<T>(setting: &mut T, overlay: Option<T>) {
    if let Some(value) = overlay {
        *setting = value;
    }
}
