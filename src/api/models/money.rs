//! Money, exactly as the provider wrote it.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;
use std::{fmt, hash::Hash, str::FromStr};

/// An amount of money, or another decimal number, with the very digits that the provider wrote.
///
/// Major units (29.99 are 29 euros and 99 cents), in the currency that stands beside it. It never goes through
/// a float; two amounts are equal when they are the same number. For arithmetic take it in the smallest unit,
/// or parse [`as_str`](Self::as_str) with the decimal type of your choice. `{}` shows the digits as they were
/// written, which may be `120.0`. For people write `{:.2}`, or the decimals of that currency: it rounds exactly,
/// halves away from zero.
///
/// ```
/// use komerza_connect::api::models::Amount;
///
/// let amount: Amount = "29.90".parse()?;
/// assert_eq!(amount.as_str(), "29.90");
/// assert_eq!(amount, "29.9".parse()?);
/// assert_eq!((amount.minor_units(2), amount.minor_units(0)), (Some(2_990), None));
/// assert_eq!(format!("{:.2} EUR", "120.0".parse::<Amount>()?), "120.00 EUR");
/// let odd: Amount = "0.125".parse()?;
/// assert_eq!((odd.minor_units(2), odd.rounded_minor_units(2)), (None, Some(13)));
/// # Ok::<(), komerza_connect::api::models::InvalidAmount>(())
/// ```
///
/// It is read from JSON text, and from a [`serde_json::Value`] with what precision that has.
#[derive(Debug, Clone)]
pub struct Amount(Box<str>);

/// A text that is no number.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidAmount;

/// More digits behind the point than this are not told apart: nothing that is money has them.
const EXPONENT_MOST: i64 = 400;

/// Sign, digits without zeros at either end, and how far the point is to the right of them.
#[derive(PartialEq, Eq, Hash)]
struct Canonical {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Amount {
    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The amount in units of `10^-places`, such as cents for 2; `None` when it is not a whole number of them,
    /// or too large.
    #[must_use]
    pub fn minor_units(&self, places: u32) -> Option<i128> {
        self.scaled(places).filter(|(_, exact)| *exact).map(|(units, _)| units)
    }

    /// The amount in units of `10^-places`, halves away from zero; `None` when it is too large.
    #[must_use]
    pub fn rounded_minor_units(&self, places: u32) -> Option<i128> {
        self.scaled(places).map(|(units, _)| units)
    }

    /// The nearest float: for charts, not for sums.
    #[must_use]
    pub fn to_f64_lossy(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    fn scaled(&self, places: u32) -> Option<(i128, bool)> {
        let Canonical { negative, digits, exponent } = self.canonical();
        let shift = exponent.checked_add(i64::from(places))?;
        let keep = i64::try_from(digits.len()).ok()?.checked_add(shift)?;
        let (whole, rest) = match usize::try_from(keep) {
            Ok(keep) if keep < digits.len() => digits.split_at_checked(keep)?,
            Ok(_) => (digits.as_str(), ""),
            // Less than a tenth of a unit.
            Err(_) => ("", if digits.is_empty() { "" } else { "0" }),
        };
        let zeros = u32::try_from(shift.max(0)).ok()?;
        let mut units = match whole {
            "" => 0,
            whole => whole.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)?,
        };
        if rest.bytes().next().is_some_and(|digit| digit >= b'5') {
            units = units.checked_add(1)?;
        }
        Some((if negative { units.checked_neg()? } else { units }, rest.is_empty()))
    }

    fn canonical(&self) -> Canonical {
        let (number, exponent) = self.0.split_once(['e', 'E']).unwrap_or((&self.0, "0"));
        let beyond = if exponent.starts_with('-') { -EXPONENT_MOST } else { EXPONENT_MOST };
        let exponent = exponent.trim_start_matches('+').parse::<i64>().unwrap_or(beyond);
        let exponent = exponent.clamp(-EXPONENT_MOST, EXPONENT_MOST);
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        let trimmed = digits.trim_end_matches('0');
        let behind = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let exponent =
            exponent.saturating_sub(behind(fraction)).saturating_add(behind(&digits).saturating_sub(behind(trimmed)));
        let digits = trimmed.trim_start_matches('0').to_owned();
        let zero = digits.is_empty();
        Canonical { negative: negative && !zero, digits, exponent: if zero { 0 } else { exponent } }
    }
}

/// A number by the grammar of JSON. RFC 8259, section 6.
fn is_number(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok_and(|value| value.get() == text)
        && text.bytes().next().is_some_and(|first| first == b'-' || first.is_ascii_digit())
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        if is_number(text) { Ok(Self(text.into())) } else { Err(InvalidAmount) }
    }
}

/// Whole numbers: `10` for an amount of 10 in major units.
macro_rules! from_whole {
    ($($whole:ty),+) => { $(
        impl From<$whole> for Amount {
            fn from(whole: $whole) -> Self {
                Self(whole.to_string().into())
            }
        }
    )+ };
}

from_whole!(i32, i64, u32, u64);

impl From<&Amount> for Amount {
    fn from(amount: &Amount) -> Self {
        amount.clone()
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.canonical() == other.canonical()
    }
}

impl Eq for Amount {}

impl Hash for Amount {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

super::field::plain!(Amount);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().and_then(|places| u32::try_from(places).ok());
        // An amount that is too large for it is shown as it was written.
        let Some((places, units)) = places.and_then(|places| Some((places, self.rounded_minor_units(places)?))) else {
            return f.write_str(&self.0);
        };
        let one = 10_u128.saturating_pow(places);
        let (whole, rest) = (units.unsigned_abs().checked_div(one), units.unsigned_abs().checked_rem(one));
        let text = match (whole.unwrap_or_default(), rest.unwrap_or_default(), usize::try_from(places)) {
            (whole, rest, Ok(width)) if width > 0 => format!("{whole}.{rest:0width$}"),
            (whole, ..) => whole.to_string(),
        };
        f.pad_integral(units >= 0, "", &text)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(from)?.get().parse().map_err(D::Error::custom)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(to)
    }
}

impl fmt::Display for InvalidAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number")
    }
}

crate::kinds::readable!(InvalidAmount);

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn what_the_provider_wrote_is_what_is_kept() {
        for text in ["29.99", "29.90", "0", "-0.0", "1e3", "1.50E-2", "123456789012345678901234567890.123456789", "0.1"]
        {
            let read: Amount = serde_json::from_str(text).unwrap();
            assert_eq!((read.as_str(), serde_json::to_string(&read).unwrap().as_str()), (text, text));
        }
        for text in ["\"29.99\"", "null", "true", "[1]", "{}", "NaN", "1,5", "01", "+1", ".5", "1.", "", " 1"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Amount>("\"29.99\"").is_err());
        assert_eq!(serde_json::from_str::<Amount>(" 29.99 ").unwrap().as_str(), "29.99");
    }

    #[test]
    fn the_same_number_is_equal_however_it_is_written() {
        for (one, other, same) in [
            ("29.9", "29.90", true),
            ("1e3", "1000", true),
            ("0.015", "1.5E-2", true),
            ("-0", "0", true),
            ("100", "1e2", true),
            ("-1", "1", false),
            ("1", "10", false),
            ("0.1", "0.01", false),
        ] {
            assert_eq!(amount(one) == amount(other), same, "{one} {other}");
        }
    }

    #[test]
    fn units_are_exact_or_rounded_as_asked_and_never_wrong() {
        for (text, places, exact, rounded) in [
            ("29.99", 2, Some(2_999), Some(2_999)),
            ("29.9", 2, Some(2_990), Some(2_990)),
            ("29", 2, Some(2_900), Some(2_900)),
            ("29.995", 2, None, Some(3_000)),
            ("29.994", 2, None, Some(2_999)),
            ("-29.995", 2, None, Some(-3_000)),
            ("1.5e2", 0, Some(150), Some(150)),
            ("0", 2, Some(0), Some(0)),
            ("0.004", 2, None, Some(0)),
            ("0.0004", 2, None, Some(0)),
            ("0.005", 2, None, Some(1)),
            ("1e300", 2, None, None),
            ("1e-300", 2, None, Some(0)),
            ("1e99999999999999999999", 2, None, None),
        ] {
            let amount = amount(text);
            assert_eq!((amount.minor_units(places), amount.rounded_minor_units(places)), (exact, rounded), "{text}");
        }
    }

    #[test]
    fn people_read_as_many_decimals_as_they_ask_for() {
        for (text, places, shown) in [
            ("120.0", 2, "120.00"),
            ("29.9", 2, "29.90"),
            ("1e3", 2, "1000.00"),
            ("0.005", 2, "0.01"),
            ("-0.004", 2, "0.00"),
            ("-29.995", 2, "-30.00"),
            ("1500", 0, "1500"),
            ("0.5", 0, "1"),
            ("1e300", 2, "1e300"),
        ] {
            assert_eq!(format!("{:.places$}", amount(text)), shown, "{text}");
        }
        assert_eq!(format!("{:>9.2}|{}", amount("-5.5"), amount("120.0")), "    -5.50|120.0");
    }

    #[cfg(feature = "__explore")]
    proptest::proptest! {
        #[test]
        fn cents_survive_the_way_through_text(cents in -10_000_000_000_i64..10_000_000_000) {
            let sign = if cents < 0 { "-" } else { "" };
            let amount = amount(&format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100));
            proptest::prop_assert_eq!(amount.minor_units(2), Some(i128::from(cents)));
        }
    }
}
