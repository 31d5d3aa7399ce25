//! Amounts of money, with the digits that Komerza wrote.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;
use std::{fmt, str::FromStr};

/// An amount of money or another decimal number, with exactly the digits that Komerza wrote.
///
/// The unit is the main unit of the currency: 29.99 is 29 euros and 99 cents. The currency is in another
/// field, such as [`Order::currency_code`](super::Order::currency_code). The crate never converts an amount
/// to a float. Two amounts are equal if they are the same number. To calculate, use
/// [`minor_units`](Self::minor_units), or parse [`as_str`](Self::as_str) with a decimal type of your choice.
/// `{}` shows the digits as Komerza wrote them, such as `120.0`. To show an amount to people, use `{:.2}` or
/// the number of decimals of the currency. The number is rounded exactly, and a half is rounded away from
/// zero. A number that is too large to be rounded, or has more than 38 digits, is shown as it was written.
///
/// ```
/// use komerza_connect::api::models::Amount;
///
/// let amount: Amount = "29.90".parse()?;
/// assert_eq!(amount.as_str(), "29.90");
/// assert_eq!(amount, "29.9".parse()?);
/// assert_eq!((amount.minor_units(2), amount.minor_units(0)), (Some(2_990), None));
/// assert_eq!(format!("{:.2} EUR", "120.0".parse::<Amount>()?), "120.00 EUR");
/// # Ok::<(), komerza_connect::api::models::InvalidAmount>(())
/// ```
///
/// Amounts read from JSON text keep all digits. Amounts read from a [`serde_json::Value`] have only the
/// precision of that value.
#[derive(Debug, Clone)]
pub struct Amount(Box<str>);

/// The text is not a number.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidAmount;

/// Larger exponents count as this one. No amount of money has them.
const EXPONENT_MOST: i64 = 400;
/// If more places are asked for, the amount is shown as it was written.
const PLACES_MOST: usize = 400;

impl Amount {
    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The amount in units of `10^-places`, such as cents for 2. `None`: it is not a whole number of them, is
    /// too large, or has more than 38 digits.
    #[must_use]
    pub fn minor_units(&self, places: u32) -> Option<i128> {
        self.rounded(places).and_then(|(units, exact)| exact.then_some(units))
    }

    /// The amount in units of `10^-places`, halves away from zero, and whether that is exact.
    fn rounded(&self, places: u32) -> Option<(i128, bool)> {
        let (negative, digits, exponent) = self.canonical();
        if digits.is_empty() {
            return Some((0, true));
        }
        let digits: i128 = digits.parse().ok()?;
        let shift = exponent.checked_add(places.into())?;
        let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|zeros| 10_i128.checked_pow(zeros));
        let units = match power {
            Some(power) if shift >= 0 => digits.checked_mul(power)?,
            Some(power) => {
                let rest = digits.checked_rem(power)?;
                let up = rest >= power.checked_sub(rest)?;
                digits.checked_div(power)?.checked_add(up.into())?
            }
            // Less than half a unit.
            None if shift < 0 => 0,
            None => return None,
        };
        // The digits do not end with a zero, so the part behind the last place is not zero.
        Some((if negative { units.checked_neg()? } else { units }, shift >= 0))
    }

    /// Whether it is negative, its digits without zeros at either end, and how far the point is to the right
    /// of them.
    fn canonical(&self) -> (bool, String, i64) {
        let (number, exponent) = self.0.split_once(['e', 'E']).unwrap_or((&self.0, "0"));
        let beyond = if exponent.starts_with('-') { -EXPONENT_MOST } else { EXPONENT_MOST };
        let exponent = exponent.trim_start_matches('+').parse().unwrap_or(beyond).clamp(-EXPONENT_MOST, EXPONENT_MOST);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            return (false, String::new(), 0);
        }
        let exponent = exponent.saturating_sub_unsigned(fraction.len() as u64);
        let exponent = exponent.saturating_add_unsigned(digits.len().abs_diff(kept.len()) as u64);
        (number.starts_with('-'), kept.trim_start_matches('0').to_owned(), exponent)
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

/// A whole number: `10` for an amount of 10 in major units.
impl From<i64> for Amount {
    fn from(whole: i64) -> Self {
        Self(whole.to_string().into())
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.canonical() == other.canonical()
    }
}

impl Eq for Amount {}

super::field::plain!(Amount);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The formatter accepts only a limited width.
        let places = f.precision().filter(|places| *places <= PLACES_MOST);
        let rounded = places.and_then(|places| Some((places, self.rounded(places.try_into().ok()?)?.0)));
        let Some((places, units)) = rounded else { return f.write_str(&self.0) };
        let digits = format!("{:0width$}", units.unsigned_abs(), width = places.saturating_add(1));
        let (whole, rest) = digits.split_at(digits.len().saturating_sub(places));
        let point = if rest.is_empty() { "" } else { "." };
        f.pad_integral(units >= 0, "", &format!("{whole}{point}{rest}"))
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
            let shown = amount.rounded(places).map(|(units, _)| units);
            assert_eq!((amount.minor_units(places), shown), (exact, rounded), "{text}");
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
