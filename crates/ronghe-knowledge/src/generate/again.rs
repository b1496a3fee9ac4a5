//! Whether and when a server that is busy is asked again.
//!
//! After 429 and 5xx (but for what will not change: 501, 505) a request is sent again, [`MOST`] times. The server's `retry-after`, in
//! seconds or as a date, says when; without one it is a second, then two. A server that asks for more than [`LONGEST`] is not
//! waited for. Source: RFC 9110, sections 5.6.7 and 10.2.3.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Times that a request is sent again.
pub(super) const MOST: u32 = 2;

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before a request is sent again, `before` times after the first; none if it is not.
pub(super) fn wait(status: u16, retry_after: Option<&str>, before: u32, now: SystemTime) -> Option<Duration> {
    let busy = status == 429 || (500..600).contains(&status) && !matches!(status, 501 | 505);
    if !busy || before >= MOST {
        return None;
    }
    let asked = match retry_after.map(str::trim) {
        None => Duration::from_secs(1 << before),
        Some(text) => match text.parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => date(text)?.duration_since(now).unwrap_or_default(),
        },
    };
    (asked <= LONGEST).then_some(asked)
}

/// The time of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|m| *m == month)? as u64;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let mut clock = time.split(':').map(|part| part.parse::<u64>().ok().filter(|n| *n < 61));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1970..3000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let of_year: u64 = (1970..year).map(|y| 365 + u64::from(leap(y))).sum();
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let of_month: u64 = lengths.iter().take(month as usize).sum();
    let days = of_year + of_month + day - 1;
    Some(UNIX_EPOCH + Duration::from_secs(days * 86_400 + hour * 3_600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_servers_are_waited_for_as_they_ask() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        let seconds = |status, after, before| wait(status, after, before, now).map(|d| d.as_secs());
        assert_eq!(
            (seconds(429, Some("3"), 0), seconds(503, None, 0), seconds(500, None, 1)),
            (Some(3), Some(1), Some(2))
        );
        assert_eq!(seconds(503, Some("Sun, 06 Nov 1994 08:49:37 GMT"), 0), Some(7));
        assert_eq!(seconds(503, Some("Sun, 06 Nov 1974 08:49:37 GMT"), 0), Some(0));
        // Too long, not understood, not busy, too often.
        assert_eq!((seconds(429, Some("3600"), 0), seconds(429, Some("soon"), 0)), (None, None));
        assert_eq!((seconds(404, None, 0), seconds(501, None, 0), seconds(503, None, 2)), (None, None, None));
    }
}
