"""Entries about numbers: sums, percentages, times and dates, Roman numerals, units, shapes, word problems, counting."""
from statements import (
    CITIES,
    DAYS,
    HE_SHE,
    MONTH_DAYS,
    MONTHS,
    NAMES,
    NOUNS,
    NUMBER,
    PLURALS,
    SHAPES,
    THINGS_MEASURED,
    UNITS,
    a,
    capital,
    clause,
    clock,
    doing,
    in_words,
    listing,
    number,
    ordinal_figure,
    ordinal_word,
    roman,
    simple,
    topic_maker,
    vowels,
)


def one_of(r, *ways):
    """Return (title, text) or (title, text, material) from one of the ways, each of which is titles, texts, and perhaps
    materials; " ~ " stands between those to choose from."""
    return tuple(r.choice(choices.split(" ~ ")) for choices in r.choice(ways))


def row(numbers):
    """Return numbers as a list with commas."""
    return ", ".join(map(str, numbers))


def figure(r, n, noun=""):
    """Return a number in words or in digits, and the noun, in the plural if need be."""
    return (NUMBER[n] if n < 13 and r.random() < 0.5 else str(n)) + (f" {noun}{'s' * (n != 1)}" if noun else "")


@topic_maker(5)
def sums(r):
    x, y = number(r), number(r)
    s, some = x + y, r.sample(range(2, 60), r.choice([3, 3, 4]))
    big, small = max(some), min(some)
    return one_of(
        r,
        *[(f"the sum of {x} and {y} ~ what {x} plus {y} is ~ how much {x} and {y} make together ~ {x} + {y} ~ the "
           f"result "
           f"of adding {x} and {y} ~ {in_words(x)} plus {in_words(y)}",
           f"The sum of {x} and {y} is {s}. ~ {x} + {y} = {s} ~ {x} plus {y} is {s}. ~ {s}"),
          (f"what {s} minus {y} is ~ {s} - {y} ~ the difference between {s} and {y} ~ what is left when {y} is taken "
           f"from "
           f"{s} ~ the result of subtracting {y} from {s}", f"{s} - {y} = {x} ~ {s} minus {y} is {x}. ~ {x}")] * 3,
        ("the sum ~ the result", f"The sum is {s}. ~ {s}", f"{x} + {y}"),
        ("the difference ~ the result", f"The difference is {x}. ~ {x}", f"{s} - {y}"),
        (f"what must be added to {x} to make {s} ~ how much is missing from {x} to {s}",
         f"You must add {y} to {x} to make {s}."),
        (f"by how much {s} is larger than {x} ~ how much more {s} is than {x}", f"{s} is larger than {x} by {y}."),
        ("the sum of all the numbers ~ what the numbers add up to ~ the total of the list",
         f"The numbers add up to {sum(some)}.", row(some)),
        ("the difference between the biggest and the smallest number ~ how far the largest number is from the smallest",
         f"The biggest is {big} and the smallest is {small}, so the difference is {big - small}.", row(some)),
        ("the equation with the blank filled in ~ the true equation, without a blank", f"{x} + {y} = {s}",
         f"___ + {y} = {s} ~ {x} + ___ = {s}"),
        ("the equation with the blank filled in ~ with the missing number", f"{s} - {y} = {x}",
         f"___ - {y} = {x} ~ {s} - ___ = {x}"),
        (f"{x}.5 plus {y}.25 ~ the sum of the decimals {x}.5 and {y}.25", f"{x}.5 + {y}.25 = {s}.75"))


@topic_maker(5)
def products(r):
    x, y, m, n = r.randrange(2, 13), r.randrange(2, 13), r.randrange(3, 10), r.randrange(11, 70)
    p, c, plus, half = x * y, r.randrange(2, 6), r.randrange(1, 4), number(r)
    wrong = p + r.choice([0, 0, -2, 1, 4])
    q = p + r.choice([0, r.randrange(1, x)])
    return one_of(
        r,
        *[(f"the product of {x} and {y} ~ what {x} times {y} is ~ {x} x {y} ~ {x} * {y} ~ {in_words(x)} times "
           f"{in_words(y)} ~ the result of multiplying {x} by {y}",
           f"The product of {x} and {y} is {p}. ~ {x} * {y} = {p} ~ {x} times {y} is {p}. ~ {p}"),
          (f"what {p} divided by {x} is ~ {p} / {x} ~ the quotient of {p} and {x} ~ how many times {x} goes into {p} "
           f"~ the "
           f"result of dividing {p} by {x}", f"{p} divided by {x} is {y}. ~ {p} / {x} = {y} ~ {y}")] * 2,
        ("the product ~ the result", f"The product is {p}. ~ {p}", f"{x} x {y} ~ {x} * {y}"),
        ("the quotient ~ the result", f"The quotient is {y}. ~ {y}", f"{p} / {x}"),
        ("whether this multiplication is correct ~ whether the result is right",
         f"{'Yes' if wrong == p else 'No'}, {x} * {y} is {p}.", f"{x} * {y} = {wrong}"),
        (f"whether {x} divides evenly into {q} ~ whether {q} can be divided by {x} without a remainder",
         f"Yes, {p} divided by {x} is exactly {y}." if q == p else f"No, {q} divided by {x} leaves a remainder of "
                                                                   f"{q - p}."),
        (f"the remainder when {n} is divided by {m} ~ what is left over when {n} is divided by {m}",
         f"The remainder is {n % m}, because {m} goes into {n} {in_words(n // m)} times, which makes {n - n % m}."
         if n // m > 2 else f"The remainder is {n % m}."),
        ("both the quotient and the remainder of the division",
         f"The quotient is {n // m} and the remainder is {n % m}.",
         f"{n} / {m}"),
        (f"the square of {x} ~ {x} squared ~ what comes out when {x} is squared",
         f"The square of {x} is {x} * {x}, which is {x * x}."),
        (f"{c} cubed ~ the cube of {c}", f"{c} cubed is {c} * {c} * {c}, which is {c ** 3}."),
        (f"the square root of {x * x} ~ which number is the square root of {x * x}",
         f"The square root of {x * x} is {x}, because {x} * {x} = {x * x}."),
        (f"half of {2 * half} ~ how much half of {2 * half} is", f"Half of {2 * half} is {half}."),
        (f"twice {half} ~ what {half} doubled is ~ the double of {half}", f"Double {half} is {2 * half}."),
        (f"{x} times {y}, plus {plus} ~ the result of multiplying {x} by {y} and then adding {plus}",
         f"{x} * {y} is {p}, and {p} + {plus} is {p + plus}."),
        (f"{x} times {y}, minus {plus} ~ the result of multiplying {x} by {y} and then taking away {plus}",
         f"{x} * {y} is {p}, and {p} - {plus} is {p - plus}."))


@topic_maker(4)
def percentages(r):
    percent, whole = r.choice([10, 10, 20, 25, 50, 50, 5, 15, 30, 75]), 20 * r.randrange(1, 16)
    part, (n, d), decimal, bad = percent * whole // 100, simple(percent, 100), f"{percent / 100:g}", r.randrange(5, 96)
    rate, name = r.choice([f"{percent} percent", f"{percent}%"]), r.choice(NAMES)
    of, tenths = r.choice([10, 20, 50]), r.randrange(5, 10)
    thing = r.choice(["jacket", "coat", "lamp", "tent", "chair", "bicycle", "bag", "clock", "rug"])
    seeds = r.choice(["seeds", "eggs", "lamps", "trees"])
    sale = f"{rate} of ${whole} is ${part}, so the sale price is ${whole - part}."
    tip = f"{rate} of ${whole} is ${part}, so the tip is ${part}."
    return one_of(
        r,
        *[(f"{rate} of {whole} ~ what {rate} of {whole} is ~ how much {rate} of {whole} is",
           f"{rate} of {whole} is {part}. ~ {part}")] * 2,
        (f"the sale price of a {thing} that costs ${whole} and is now {rate} off ~ what a {thing} of ${whole} costs "
         f"with a "
         f"discount of {rate}", sale),
        ("the sale price ~ what the thing costs now", sale, f"A {thing} costs ${whole} and is now {rate} off."),
        (f"the tip for a bill of ${whole} at {rate} ~ how much the tip is if it is {rate} of ${whole}", tip),
        ("the tip ~ how much the tip is", tip, f"The bill is ${whole}, and the tip is {rate}."),
        (f"{rate} as a decimal ~ {rate} in decimal form ~ which decimal equals {rate}",
         f"{rate} is {decimal} in decimal form. ~ {decimal}"),
        (f"{decimal} as a percentage ~ {decimal} in percent", f"{decimal} is {percent} percent."),
        (f"whether {decimal} is the same as {rate}", f"Yes, {decimal} is the same as {rate}."),
        (f"{rate} as a fraction in lowest terms ~ the fraction that equals {rate}", f"{rate} is {n}/{d}. ~ {n}/{d}"),
        ("the percentage as a fraction in lowest terms ~ as a simple fraction", f"{n}/{d}", f"{percent}%"),
        (f"the score of {name} in percent, with {of * tenths // 10} of {of} questions right ~ what percent "
         f"{of * tenths // 10} of {of} is", f"{of * tenths // 10} of {of} is {10 * tenths} percent."),
        (f"what percent of the {seeds} are good if {bad} out of 100 are bad",
         f"Of the {seeds}, {100 - bad} percent are good."),
        (f"by what percent the price of a {thing} rises from ${whole} to ${whole + part}",
         f"The price rises by ${part}, which is {percent} percent of ${whole}."))


@topic_maker(4)
def fractions_and_averages(r):
    d = r.choice([2, 3, 4, 5, 6, 8, 10])
    n, k, m, minutes = r.randrange(1, d), r.randrange(2, 13), r.randrange(2, 7), r.choice([10, 12, 15, 20, 30, 40, 45])
    name = {2: "half", 3: "one third", 4: "one fourth", 5: "one fifth", 6: "one sixth", 8: "one eighth",
            10: "one tenth"}[d]
    (n1, d1), (h1, h2), (s, t) = simple(n, d), simple(minutes,
                                                      60), simple(x := r.randrange(2, 6), y := r.randrange(2, 9))
    e1, e2 = simple(n + 1, d)
    f, decimal = r.choice(["1/2 0.5", "1/4 0.25", "3/4 0.75", "1/5 0.2", "2/5 0.4", "3/5 0.6", "4/5 0.8", "1/8 0.125",
                           "1/10 0.1", "3/10 0.3", "7/10 0.7", "9/10 0.9"]).split()
    pie, things = r.choice(["pizza", "pie", "cake"]), r.choice(["marbles", "beads", "cards", "coins", "stamps"])
    red, blue = r.sample(["red", "blue", "green", "black", "white", "yellow"], 2)
    mean, step, some = r.randrange(5, 30), r.randrange(1, 3), r.sample(range(1, 40), r.choice([3, 5]))
    three = r.choice([[mean + step, mean, mean - step], [mean - step, mean - step, mean + 2 * step]])
    average = f"The sum is {3 * mean}, and {3 * mean} / 3 is {mean}, so the average is {mean}."
    return one_of(
        r,
        (f"{name} of {d * k} ~ how much {name} of {d * k} is ~ 1/{d} of {d * k}",
         f"{capital(name)} of {d * k} is {k}."),
        (f"{f} as a decimal ~ which decimal equals {f}", f"{f} is {decimal}. ~ {decimal}"),
        ("the fraction as a decimal ~ as a decimal number", decimal, f),
        (f"{decimal} as a fraction ~ which fraction {decimal} is", f"{decimal} is {f}. ~ {f}"),
        (f"what fraction of the {pie} is left if {n} of {d} slices are gone", f"{d - n}/{d} of the {pie} is left."),
        (f"what fraction of an hour {minutes} minutes is ~ {minutes} minutes as a fraction of an hour",
         f"{minutes} minutes is {h1}/{h2} of an hour."),
        (f"the fraction {n * m}/{d * m} in lowest terms ~ {n * m}/{d * m} in its simplest form",
         f"{n * m}/{d * m} is {n1}/{d1}."),
        ("the fraction in lowest terms ~ in its simplest form", f"{n1}/{d1}", f"{n * m}/{d * m}"),
        ("the sum of the fractions ~ what the fractions add up to", f"{e1}/{e2}", f"{n}/{d} + 1/{d}"),
        (f"the ratio of {red} to {blue} in lowest terms", f"The ratio of {red} to {blue} is {s} to {t}.",
         f"{x} {red} {things}, {y} {blue} {things}"),
        (f"{(x + y) * k} {things} split in the ratio {x} to {y}", f"The two shares are {x * k} and {y * k} {things}."),
        (f"the average of {listing(three)} ~ the mean of {listing(three)}", average),
        ("the average ~ the mean of the numbers", average, row(three)),
        ("the mean number of points per game ~ how many points it is per game on average",
         f"The total is {3 * mean} points in 3 games, so the mean is {mean} points per game.", f"Points: {row(three)}"),
        ("the median of this list ~ the number in the middle when the list is in order",
         f"In order, the list is {row(sorted(some))}, so the median is {sorted(some)[len(some) // 2]}.", row(some)))


@topic_maker(4)
def times(r):
    t, d = 5 * r.randrange(72, 252), r.choice([10, 15, 20, 30, 40, 45, 60, 120, 180])
    start, end, late = clock(t), clock(t + d), r.random() < 0.5
    length = f"{d} minutes" if d < 60 else "1 hour" if d == 60 else f"{d // 60} hours"
    thing = r.choice(["movie", "concert", "ferry ride", "lesson", "meeting", "game", "train ride", "flight", "walk"])
    day24, hour, minute = f"{t // 60:02}:{t % 60:02}", r.randrange(1, 12), r.choice([10, 15, 20, 25, 30, 40, 45, 50])
    one, ahead = r.choice(CITIES), r.randrange(2, 10)
    hour = r.randrange(1, 6) if late else hour
    half = f"half past {in_words(hour)} in the {'afternoon' if late else 'morning'}"
    return one_of(
        r,
        (f"what time it is {length} after {start} ~ the time {length} after {start}", f"It is {end}."),
        (f"what time it was {length} before {end} ~ the time {length} before {end}", f"It was {start}."),
        (f"when a {thing} ends that starts at {start} and takes {length} ~ the end of a {thing} of {length} that "
         f"begins at "
         f"{start}", f"The {thing} ends at {end}."),
        (f"when the {thing} started if it took {length} and ended at {end}", f"The {thing} started at {start}."),
        (f"when the {thing} ends", f"The {thing} ends at {end}.", f"The {thing} starts at {start} and takes {length}."),
        (f"how long it is from {start} to {end} ~ the time from {start} to {end}", f"It is {length}."),
        (f"how long the {thing} lasts ~ the length of the {thing}", f"The {thing} lasts {length}.",
         f"{start} to {end} ~ The {thing} begins at {start} and ends at {end}."),
        (f"{start} on the 24-hour clock", f"{start} is {day24} on the 24-hour clock. ~ {day24}"),
        (f"{day24} on the 12-hour clock ~ what time {day24} is on the 12-hour clock", f"It is {start}. ~ {start}"),
        ("on the 24-hour clock ~ the time in the 24-hour style", day24, start),
        ("with AM or PM ~ on the 12-hour clock", start, day24),
        (f"{half} as a digital clock shows it", f"The clock shows {hour}:30 {'PM' if late else 'AM'}."),
        ("the clock time in words, the hour first", f"{in_words(hour)} {in_words(minute)}", f"{hour}:{minute}"),
        (f"what time it is in a city {ahead} hours ahead of {one} when it is {hour}:00 AM in {one}",
         f"It is {clock(60 * (hour + ahead))} there."))


@topic_maker(4)
def dates(r):
    i, k, m = r.randrange(7), r.randrange(2, 9), r.randrange(12)
    day, month, date, year, gap = DAYS[i], MONTHS[m], r.randrange(1, 14), r.randrange(1904, 2025), r.randrange(8, 15)
    some = r.sample(DAYS[:5] + ["Saturday"], 2) + ["Sunday"]
    nth, later = ordinal_word(m + 1), f"{month} {date + k}"
    digits, leap = f"{year}-{m + 1:02}-{date:02}", year % 4 == 0
    return one_of(
        r,
        (f"what day of the week is {in_words(k)} days after {day} ~ the day {k} days after {day}",
         f"{capital(in_words(k))} days after {day} is {DAYS[(i + k) % 7]}."),
        (f"what day of the week is {in_words(k)} days before {day} ~ the day {k} days before {day}",
         f"{capital(in_words(k))} days before {day} is {DAYS[(i - k) % 7]}."),
        (f"the day after {day} ~ which day follows {day}", f"The day after {day} is {DAYS[(i + 1) % 7]}."),
        (f"the month right before {month} ~ which month comes before {month}",
         f"{MONTHS[m - 1]} is the month right before {month}."),
        (f"the month right after {month} ~ which month follows {month}",
         f"{MONTHS[(m + 1) % 12]} is the month right after {month}."),
        (f"the {nth} month of the year ~ what the {nth} month is called", f"The {nth} month is called {month}."),
        (f"how many days {month} has ~ the number of days in {month}", f"{month} has {MONTH_DAYS[month]} days."
         if m != 1 else "February has 28 days, and 29 in a leap year."),
        (f"how many days {month} {year} had ~ the length of {month} {year} in days",
         f"{month} {year} had {MONTH_DAYS[month] + (m == 1 and leap)} days."),
        (f"what day of the week {month} {date + gap} is if {month} {date} is a {day}",
         f"{month} {date + 7} is also a {day}, so {month} {date + gap} is a {DAYS[(i + gap) % 7]}."),
        (f"the next leap year after {year} ~ which leap year follows {year}",
         f"The next leap year after {year} is {year // 4 * 4 + 4}."),
        (f"whether {year} was a leap year", f"Yes, {year} was a leap year." if leap else
         f"No, {year} was not a leap year, because it cannot be divided by 4."),
        (f"how many years {in_words(k)} decades are ~ the years in {in_words(k)} decades",
         f"There are {10 * k} years in {in_words(k)} decades."),
        (f"the date {k} days after {month} {date} ~ which date is {k} days after {month} {date}",
         f"The date is {later}."),
        (f"the number of days from {month} {date} to {later} ~ how many days after {month} {date} {later} is",
         f"{later} is {k} days after {month} {date}."),
        ("the days from the first date to the second", f"It is {k} days from {month} {date} to {later}.",
         f"{month} {date}, {year}; {later}, {year}"),
        ("the date in American style with the month spelled out ~ with the name of the month",
         f"{month} {date}, {year}",
         digits),
        (f"{month} {date}, {year} in year-month-day order", digits),
        ("how many months are exactly 30 days long ~ the months that have exactly 30 days",
         "Four months are exactly 30 days long: April, June, September, and November."),
        ("only the days of the weekend ~ which of these days belong to the weekend",
         listing(d for d in some if d in ("Saturday", "Sunday")), row(some)))


@topic_maker(4)
def roman_numerals(r):
    n, m = r.choice([number(r, 1, 100), number(r, 1, 40), r.choice([100, 150, 400, 500, 900, 1100, 1900, 1999,
                                                                    2010])]), \
        number(r, 1, 30)
    x, y, some = roman(n), roman(m), r.sample(range(1, 41), 4)
    letter, value = r.choice([("I", 1), ("V", 5), ("X", 10), ("L", 50), ("C", 100), ("D", 500), ("M", 1000)])
    what, why, count = r.choice([("months in a year", "A year has 12 months", 12),
                                 ("legs of a spider", "A spider has 8 legs",
                                  8), ("hours in a day", "A day has 24 hours", 24), ("sides of a hexagon",
                                  "A hexagon has 6 sides", 6), ("minutes in an hour", "An hour has 60 minutes", 60)])
    wrong, right = r.choice([("IIII", 4), ("XXXX", 40), ("IIX", 8), ("XIIII", 14), ("IC", 99), ("VV", 10),
                             ("XVIIII", 19)])
    king, low, thing = r.randrange(2, 17), r.choice([1, 4, 8, 11]), r.choice(["chapter", "room", "gate", "volume"])
    big, small = max(n, m + 1), min(n, m)
    return one_of(
        r,
        *[(f"the Roman numeral for {n} ~ {n} in Roman numerals ~ how {n} is written as a Roman numeral ~ {n} as the "
           f"Romans wrote it", f"{n} is {x} in Roman numerals. ~ {x} ~ The number {n} is written {x}."),
          (f"the number that {x} stands for ~ the value of the Roman numeral {x} ~ {x} in ordinary digits ~ what {x} "
           f"means", f"{x} stands for {n}. ~ {n} ~ {x} is {n}."),
          ("the Roman numeral as a number ~ in ordinary digits", str(n), x),
          ("as a Roman numeral ~ in Roman style", x, str(n))] * 2,
        (f"the value of {letter} in the Roman system", f"{letter} has the value {value:,}."),
        (f"the letter that the Romans used for {value:,}", f"The Romans used {letter} for {value:,}."),
        (f"which Roman numeral comes right after {x} ~ the numeral that follows {x}",
         f"{roman(n + 1)} comes right after {x}."),
        ("the sum as a Roman numeral", roman(n + m), f"{x} + {y}"),
        ("from least to greatest ~ the numerals, smallest first", row(map(roman, sorted(some))), row(map(roman, some))),
        (f"the Roman numeral for the number of {what}", f"{why}, so the numeral is {roman(count)}."),
        (f"whether {wrong} is the standard Roman numeral for {right}", f"No, the standard form is {roman(right)}."),
        ("the equation with the mistake corrected", f"{right} = {roman(right)}", f"{right} = {wrong}"),
        (f"the number of a {thing} that is labeled {x}", f"It is {thing} {n}."),
        ("the sentence with ordinary numbers", f"The bust is in hall {n} on floor {m}.",
         f"The bust is in hall {x} on floor "
         f"{y}."),
        (f"how the name King Louis {roman(king)} is read aloud", f"You read it as King Louis the "
         f"{capital(ordinal_word(king))}."),
        (f"the value of the numeral {x} in words", in_words(n)),
        (f"the numbers from {low} to {low + 4} in Roman numerals", row(map(roman, range(low, low + 5)))),
        (f"which value is larger, {roman(small)} or {roman(big)}",
         f"{roman(big)} is larger, because {roman(big)} is {big} and "
         f"{roman(small)} is {small}."))


@topic_maker(4)
def number_words(r):
    n, o, big = r.choice([number(r, 11, 100), r.randrange(100, 1000), 100 * r.randrange(10, 100)]), number(r, 1, 60), \
        r.randrange(1001, 9999)
    words, first, short, z = in_words(n), ordinal_word(o), ordinal_figure(o), r.randrange(100, 1000)
    wrong, right = r.choice([("fourty", "forty"), ("ninty", "ninety"), ("fiveteen", "fifteen"), ("twelth", "twelfth"),
                             ("nineth", "ninth"), ("threeteen", "thirteen"), ("fivety", "fifty"),
                             ("hundered", "hundred")])
    return one_of(
        r,
        (f"{n:,} in words ~ how {n:,} is spelled out ~ {n:,}, spelled out", f"{words} ~ {n:,} is {words} in words."),
        ("the number in words ~ in words ~ spelled out", words, f"{n:,}"),
        ("in digits ~ the words as a number", f"{n:,}", words), (f"the number {words} in digits", f"{n:,}"),
        ("the amount of money in words ~ in words, without any symbols", f"{words} dollars", f"${n:,}"),
        (f"the ordinal form of {in_words(o)}", f'The ordinal form of {in_words(o)} is "{first}."'),
        (f"the full word for {short} ~ {short} in words", first), ("the ordinal in digits ~ with digits", short, first),
        ("the correct spelling of this number ~ with the spelling corrected", right, wrong),
        (f"{z} rounded to the nearest ten", f"{z} rounded to the nearest ten is {(z + 5) // 10 * 10:,}."),
        (f"{z} rounded to the nearest hundred", f"{z} rounded to the nearest hundred is {(z + 50) // 100 * 100:,}."),
        (f"{big:,} rounded to the nearest thousand", f"{big:,} rounded to the nearest thousand is "
         f"{(big + 500) // 1000 * 1000:,}."),
        (f"the digit in the tens place of {z} ~ which digit is in the tens place of {z}",
         f"The digit in the tens place is {z // 10 % 10}."),
        (f"the digit in the hundreds place of {z}", f"The digit in the hundreds place is {z // 100}."),
        (f"which number comes just before {z}", f"The number just before {z} is {z - 1}."))


@topic_maker(3)
def kinds_of_numbers(r):
    n, numbers, k = number(r, 10, 100), r.sample(range(2, 90), r.choice([4, 5])), r.randrange(2, 60)
    odd, even = [x for x in numbers if x % 2], [x for x in numbers if x % 2 == 0]
    d, (one, two) = next(d for d in range(2, k + 1) if k % d == 0), sorted(r.sample(range(10, 1000), 2))
    digits, tenths = r.sample("123456789", 3), [f"0.{x}" for x in r.sample(range(1, 10), 3)]
    return one_of(
        r,
        (f"whether {n} is odd or even", f"{n} is even, because it can be divided by 2." if n % 2 == 0 else
         f"{n} is odd, because it cannot be divided by 2."),
        ("only the odd numbers ~ which of these numbers are odd", row(odd) or "none", row(numbers)),
        ("only the even numbers ~ which of these numbers are even", row(even) or "none", row(numbers)),
        ("the largest number ~ which of these numbers is the greatest", f"The largest number is {max(numbers)}.",
         row(numbers)),
        ("the smallest number ~ which of these numbers is the lowest", f"The smallest number is {min(numbers)}.",
         row(numbers)),
        ("the smallest of these decimals", f"The smallest number is {min(tenths)}.", row(tenths)),
        (f"which number is greater, {one} or {two} ~ the greater one of {two} and {one}",
         f"{two} is greater than {one}."),
        ("from largest to smallest ~ the numbers in descending order", row(sorted(numbers, reverse=True)),
         row(numbers)),
        ("from smallest to largest ~ from least to greatest", row(sorted(numbers)), row(numbers)),
        (f"the largest possible number with the digits {listing(digits)}",
         f"The largest possible number is {''.join(sorted(digits, reverse=True))}."),
        (f"whether {k} is prime ~ whether the number {k} is a prime number", f"Yes, only 1 and {k} divide it evenly."
         if d == k else f"No, {k} equals {d} x {k // d}."))


@topic_maker(4)
def conversions(r):
    unit, parts, factor = r.choice(UNITS)
    n, rest, less = number(r, 2, 13), r.choice([10, 15, 20, 30, 40, 45]), 100 * r.randrange(1, 9)
    many, one = PLURALS.get(unit, unit + "s"), f"One {unit} is {factor:,} {parts}"
    some, other, thing = f"{n} {many}", f"{n * factor:,} {parts}", THINGS_MEASURED.get(unit, "")
    verb = {"kilogram": "weighs", "pound": "weighs", "liter": "holds", "gallon": "holds", "hour": "lasts",
            "minute": "lasts",
            "week": "lasts", "day": "lasts"}.get(unit, "measures")
    s1, s2, f = r.choice([("m", "cm", 100), ("km", "m", 1000), ("cm", "mm", 10), ("kg", "g", 1000), ("L", "mL", 1000)])
    lengths = [(100 * n, f"{n} m"), (n * 5 + 5, f"{n * 5 + 5} cm"), (n, f"{n * 10} mm")]
    r.shuffle(lengths)
    big, small = r.choice([("kilogram", "grams"), ("liter", "milliliters"), ("kilometer", "meters")])
    ways = [
        *[(f"{some} in {parts} ~ how many {parts} are in {some} ~ the number of {parts} in {some}",
           f"There are {other} in {some}. ~ {some} is {other}. ~ {one}, so {some} is {other}."),
          (f"{other} in {many} ~ how many {many} {other} make",
           f"{other} is {some}. ~ {one}, so {other} is {some}.")] * 2,
        (f"how many {parts} make one {unit} ~ the number of {parts} in one {unit}",
         f"It takes {factor:,} {parts} to make one {unit}."),
        (f"the same in {parts} ~ in {parts}", other, some), (f"the same in {many} ~ in {many}", some, other),
        (f"in {s2} ~ this amount in {s2}", f"{round((n + 0.5) * f):,} {s2}", f"{n}.5 {s1}"),
        (f"{n} hours and {rest} minutes in minutes",
         f"{n} hours is {60 * n} minutes, so it is {60 * n + rest} minutes."),
        ("from shortest to longest", row(t for _, t in sorted(lengths)), row(t for _, t in lengths)),
        (f"whether one {big} is more than {less} {small}", f"Yes, one {big} is 1,000 {small}.")]
    if thing:
        ways += [(f"how many {parts} the {thing} {verb} ~ the answer in {parts}",
                  f"{one}, so the {thing} {verb} {other}.",
                  f"The {thing} {verb} {some}."),
                 (f"how many {parts} a {thing} {verb} if it {verb} {some}",
                  f"{one}, so the {thing} {verb} {other}.")] * 2
    return one_of(r, *ways)


@topic_maker(4)
def temperatures(r):
    c = r.choice([0, 5, 10, 15, 20, 25, 30, 35, 40, -5, -10, -20, 45, 50, 60, 70, 80, 90, 100, 150, 200])
    f, low, change, some = c * 9 // 5 + 32, r.randrange(2, 25), r.randrange(2, 12), r.sample(range(-9, 35), 4)
    celsius, fahrenheit = f"{c} degrees Celsius", f"{f} degrees Fahrenheit"
    thing, (one, two) = r.choice(["pool", "sauna", "oven", "greenhouse", "soup", "tea", "bath"]), r.sample(CITIES, 2)
    sky, mean, cf = r.choice(["Sunny", "Cloudy", "Windy", "Foggy", "Clear"]), r.randrange(5, 28), 5 * r.randrange(2, 13)
    mark = f + r.choice([-8, 8])
    cold, warm = (one, two) if some[0] < some[1] else (two, one)
    return one_of(
        r,
        *[(f"{celsius} in Fahrenheit ~ what {celsius} is in Fahrenheit ~ which Fahrenheit temperature equals "
           f"{celsius} ~ "
           f"the Fahrenheit equivalent of {celsius}", f"{celsius} is {fahrenheit}."),
          (f"{fahrenheit} in Celsius ~ what {fahrenheit} is in Celsius ~ which Celsius temperature equals "
           f"{fahrenheit} ~ "
           f"what a Celsius thermometer shows at {fahrenheit}", f"{fahrenheit} is {celsius}."),
          ("in Fahrenheit ~ the reading in Fahrenheit", f"{f} F", f"{c} C"),
          ("in Celsius ~ the reading in Celsius", f"{c} C", f"{f} F")] * 2,
        ("the weather note with Celsius instead of Fahrenheit", f"{sky}, with a high of {celsius}.",
         f"{sky}, with a high of {fahrenheit}."),
        (f"how hot the {thing} is in Fahrenheit", f"The {thing} is {fahrenheit}.", f"The {thing} is {celsius}."),
        (f"{celsius} in kelvins ~ how many kelvins {celsius} is", f"{celsius} is {c + 273.15:g} kelvins."),
        ("the Kelvin value in Celsius", f"{c} C", f"{c + 273.15:g} K"),
        ("at what temperature water freezes ~ the freezing point of water",
         "Water freezes at 0 degrees Celsius, or 32 degrees Fahrenheit."),
        ("at what temperature water boils ~ the boiling point of water at sea level",
         "Water boils at 100 degrees Celsius, or 212 degrees Fahrenheit."),
        ("where the Celsius and Fahrenheit scales show the same number",
         "Both scales show the same number at -40 degrees."),
        ("absolute zero in degrees Celsius", "Absolute zero is -273.15 degrees Celsius."),
        (f"the temperature after a fall by {change} degrees from {low} degrees Celsius",
         f"{low} - {change} is {low - change}, so it is {low - change} C."),
        (f"the temperature after a rise by {change} degrees from {low} degrees Celsius",
         f"The thermometer reads {low + change} degrees Celsius."),
        ("from coldest to warmest", row(f"{t} C" for t in sorted(some)), row(f"{t} C" for t in some)),
        ("which city is colder", f"{cold} is colder.", f"{one}: {some[0]} C; {two}: {some[1]} C"),
        ("which city is warmer", f"{warm} is warmer.", f"{one}: {some[0]} C; {two}: {some[1]} C"),
        ("the average temperature over the three days", f"The average temperature was {mean} C.",
         f"Monday {mean - 2} C, Tuesday {mean + 3} C, Wednesday {mean - 1} C"),
        (f"whether {cf} degrees Fahrenheit is below freezing",
         f"{'Yes' if cf < 32 else 'No'}, the freezing point of water is 32 degrees Fahrenheit."),
        (f"whether {celsius} is above or below {mark} degrees Fahrenheit",
         f"It is {'above' if f > mark else 'below'}, because {celsius} is {fahrenheit}."))


@topic_maker(3)
def patterns_of_numbers(r):
    step = r.choice([2, 2, 3, 4, 5, 5, 10, 10, 6, 7, 8, 9])
    start = r.choice([step, r.randrange(1, 30)])
    line, way = [start + step * k for k in range(6)], "more"
    if r.random() < 0.35:
        line, way = line[::-1], "less"
    gap, i, base = r.randrange(1, 4), r.randrange(1, 6), r.choice([1, 2, 3, 5])
    p, q, z, skip = r.randrange(1, 5), r.randrange(1, 6), r.randrange(65, 75), r.choice([1, 2, 3])
    return one_of(
        r,
        *[("the next number ~ what number comes next ~ how the sequence goes on",
           f"The next number is {line[4]}. ~ The next number is {line[4]}, because each is {step} {way} than the last.",
           row(line[:4]) + r.choice(["", ", ..."]))] * 2,
        (f"which number follows {row(line[:4])} ~ the next number after {row(line[:4])}",
         f"The next number is {line[4]}."),
        ("the next two terms ~ the two numbers that come next", f"{line[4]}, {line[5]}", row(line[:4])),
        ("the missing number in the pattern ~ which number belongs in the blank", f"The missing number is {line[gap]}.",
         row([*line[:gap], "__", *line[gap + 1:5]])),
        ("the rule that this pattern follows", f"Each number is {step} {way} than the number before it.",
         row(line[:4])),
        ("the next number of the doubling sequence", f"The next number is {base * 16}, which is double {base * 8}.",
         row([base, base * 2, base * 4, base * 8])),
        ("the pattern and the next number",
         f"The numbers are squares, and {(i + 4) ** 2} comes next because {i + 4} * {i + 4} "
         f"is {(i + 4) ** 2}.", row(k * k for k in range(i, i + 4))),
        ("the next number, which is the sum of the last two",
         f"{p + q} + {p + 2 * q} is {2 * p + 3 * q}, so the next number is "
         f"{2 * p + 3 * q}.", row([p, q, p + q, p + 2 * q])),
        ("which letter comes next ~ the next letter", f"The next letter is {chr(z + 4 * skip)}.",
         row(chr(z + k * skip) for k in range(4))))


@topic_maker(4)
def shapes(r):
    y, x = sorted(r.sample(range(2, 13), 2))
    (shape, sides), e, base = r.choice(SHAPES), r.randrange(2, 6), 2 * r.randrange(1, 7)
    unit, one = r.choice([("centimeters", "centimeter"), ("meters", "meter"), ("feet", "foot"), ("inches", "inch")])
    angle, p, q = 5 * r.choice([k for k in range(2, 36) if k != 18]), 10 * r.randrange(2, 8), 10 * r.randrange(2, 9)
    thing = r.choice(["rectangle", "garden", "room", "field", "rug"])
    three = r.choice([(3, 4, 5), (5, 12, 13), (6, 8, 10), (5, 5, 6), (7, 8, 9), (x, x, x), (4, 6, 7)])
    body, count = r.choice([("cube", "6 faces"), ("cube", "12 edges"), ("cube", "8 corners"),
                            ("rectangular box", "6 faces"),
                            ("rectangular box", "12 edges"), ("square pyramid", "5 faces"),
                            ("triangular prism", "9 edges")])
    area, part = f"The area is {x} times {y}, or {x * y} square {unit}.", count.split()[1]
    return one_of(
        r,
        (f"how many sides {a(shape)} has ~ the number of sides of {a(shape)}",
         f"{capital(a(shape))} has {sides} sides."),
        *[(f"the area of a {thing} that is {x} {unit} long and {y} {unit} wide ~ how large a {thing} of {x} by {y} "
           f"{unit} is",
           area), ("the area ~ how large the area is", area, f"A {thing} is {x} {unit} long and {y} {unit} wide.")],
        (f"the perimeter of a {thing} of {x} by {y} {unit} ~ the distance around a {thing} of {x} by {y} {unit}",
         f"{x} + {y} is {x + y}, so the perimeter is twice that, or {2 * (x + y)} {unit}."),
        (f"the perimeter of a square with {x}-{one} sides",
         f"A square has four equal sides, so the perimeter is {4 * x} {unit}."),
        (f"the area of a square with sides of {x} {unit}", f"The area is {x} times {x}, or {x * x} square {unit}."),
        (f"how long one side of a square is that covers {x * x} square {unit}",
         f"One side is {x} {unit} long, because {x} times {x} is {x * x}."),
        (f"the area of a triangle with a base of {base} {unit} and a height of {y} {unit}",
         f"The triangle has an area of {base * y // 2} square {unit}."),
        ("the distance around the triangle", f"The distance around the triangle is {sum(three)} {unit}.",
         f"Side lengths: {three[0]}, {three[1]}, and {three[2]} {unit}"),
        (f"the volume of a cube whose edges are {e} {unit} long", f"The volume is {e ** 3} cubic {unit}."),
        (f"how many {part} a {body} has ~ the number of {part} of a {body}", f"A {body} has {count}."),
        (f"whether an angle of {angle} degrees is acute or obtuse", f"An angle of {angle} degrees is " + (
            "acute, because it is smaller" if angle < 90 else "obtuse, because it is larger") + " than 90 degrees."),
        (f"how large the third angle of a triangle is if the others measure {p} and {q} degrees",
         f"The angles of a triangle add up to 180 degrees, so the third angle is {180 - p - q} degrees."),
        ("how big a right angle is", "A right angle measures 90 degrees."),
        ("the sum of the angles in a rectangle ~ what the angles of a square add up to", "They add up to 360 degrees."),
        ("how large each angle of an equilateral triangle is", "Each angle measures 60 degrees."),
        (f"the diameter of a circle with a radius of {x} {unit}",
         f"The diameter is twice the radius, or {2 * x} {unit}."))


@topic_maker(7)
def word_problems(r):
    name, other = r.sample(NAMES, 2)
    he, x, y = HE_SHE.get(name, ("she",))[0], number(r, 3, 50), number(r, 2, 40)
    n, k = r.randrange(2, 13), r.randrange(2, 10)
    thing = r.choice(["apples", "books", "stamps", "shells", "cards", "pencils", "marbles", "eggs", "coins",
                      "stickers"])
    m, s, speed, t, price = n * k, x + y, 10 * r.randrange(4, 12), r.randrange(2, 7), r.randrange(3, 19)
    boxes, goods = r.choice(["boxes", "bags", "baskets",
                             "jars"]), r.choice(["notebook", "ticket", "pie", "shirt", "kite"])
    more, gone = r.choice(["gets", "buys", "finds"]), r.choice([f"gives {y} to {other}", f"loses {y}", f"sells {y}"])
    people, need = max(4, t * k + r.choice([-3, -1, 0, 2, 4])), r.randrange(13, 50)
    crates = -(-need // 12)
    story, asked, text = r.choice([
        (f"{name} has {x} {thing} and {more} {y} more", f"how many {thing} {name} has in all",
         f"{name} has {s} {thing} in all. ~ {x} + {y} is {s}, so {name} has {s} {thing}."),
        (f"{name} picks {x} {thing} on one day and {y} on the next", f"how many {thing} {name} picks altogether",
         f"{name} picks {s} {thing} altogether."),
        (f"{name} has {s} {thing} and {gone}", f"how many {thing} {name} has left",
         f"{name} has {x} {thing} left. ~ {s} - {y} is {x}, so {name} has {x} {thing} left."),
        (f"{name} has {n} {boxes} with {k} {thing} each", f"how many {thing} {name} has in all",
         f"{name} has {m} {thing}. ~ {n} times {k} is {m}, so {name} has {m} {thing}."),
        (f"{name} has {n} {boxes} with {k} {thing} each and {t} loose {thing}", f"how many {thing} {name} owns",
         f"{name} owns {m + t} {thing}: {m} in the {boxes} and {t} loose ones."),
        (f"{capital(NUMBER[n])} friends share {m} {thing} equally", "what each friend gets",
         f"Each friend gets {k} {thing}."),
        (f"{capital(NUMBER[n])} {goods}s cost ${m}", f"how much one {goods} costs", f"One {goods} costs ${k}."),
        (f"One {goods} costs ${k}", f"how much {n} {goods}s cost", f"{capital(NUMBER[n])} {goods}s cost ${m}."),
        (f"{name} pays for a {goods} that costs ${price} with a $20 bill", f"how much change {name} gets",
         f"{name} gets ${20 - price} in change."),
        (f"A rope of {m} feet is cut into pieces of {k} feet", "how many pieces there are", f"There are {n} pieces."),
        (f"In a choir of {s} singers, {y} are altos", "how many are not altos",
         f"The choir has {x} singers who are not altos."),
        (f"A train travels at {speed} kilometers per hour", f"how far the train goes in {t} hours",
         f"The train goes {speed * t} kilometers."),
        (f"{name} reads {k} pages every day", f"how many pages {name} reads in one week",
         f"A week has 7 days, so {he} reads {7 * k} pages in one week."),
        (f"{name} saves ${k} each week for {n} weeks and then spends $3", f"how much money {name} has left",
         f"{name} saves ${m} and spends $3, so {he} has ${m - 3} left."),
        (f"{name} scores {x + k} points, and {other} scores {x} points", "who wins, and by how many points",
         f"{name} wins by {k} points."),
        (f"A bus has {s} seats, and {y} people are sitting", "how many seats are empty", f"There are {x} empty seats."),
        (f"Each of {n} tables seats {k} students", "how many students can sit down",
         f"At the tables, {m} students can sit."),
        (f"A farm keeps {k} cows and {n} hens", "how many legs the animals have altogether",
         f"The cows have {4 * k} legs and the hens have {2 * n}, so there are {4 * k + 2 * n} legs altogether."),
        (f"A tank holds 100 liters of water but loses {k} liters a day", "what is left after 10 days",
         f"The tank loses {10 * k} liters in 10 days, so {100 - 10 * k} liters are left."),
        (f"A band has {people} members, and there are {t} rows of {k} chairs", "whether there are enough chairs",
         f"{'Yes, there are' if people <= t * k else 'No, there are only'} {t * k} chairs for {people} members."),
        (f"Eggs come in cartons of 12, and a chef needs {need} eggs", "how many cartons the chef must buy",
         f"The chef must buy {crates} cartons, because {12 * (crates - 1)} eggs are too few and {12 * crates} are "
         f"enough."),
        (f"{name} is {x} years old, and {other} is {k} years older", f"how old {other} is",
         f"{other} is {x + k} years old."),
        (f"A team earns 3 points for each of its {k} wins and 1 point for each of its {t} ties", "what its total is",
         f"The team earns {3 * k} points for wins and {t} for ties, so its total is {3 * k + t} points.")])
    small = story if story.startswith(name) else story[0].lower() + story[1:]
    short = asked.replace(name, he) if story.startswith(name) else asked
    inside = small.replace(name, he, 1) if name in asked else small
    return one_of(r, *[(f"{asked} ~ {short}", text, story + ".")] * 2, (f"{asked} if {inside}", text),
                  (f"in the case that {small}, {short} ~ as {small}, {short}", text),
                  ("the solution of the word problem ~ the solved problem", text, f"{story}. It is asked {short}."))


@topic_maker(4)
def letters_counted(r):
    word = r.choice([r.choice([noun for noun in NOUNS if noun.isalpha()]), r.choice(DAYS), r.choice(NAMES)])
    found, rest = vowels(word), [c for c in word.lower() if c not in "aeiou"]
    letter, digits = r.choice(word[1:]), r.randrange(1000, 1000000)
    count, digit = word.lower().count(letter), r.choice(str(digits))
    times, k = ("once" if n == 1 else f"{figure(r, n)} times" for n in (count, str(digits).count(digit)))
    return one_of(
        r,
        (f'how many letters "{word}" has ~ the number of letters in "{word}"',
         f'"{word}" has {figure(r, len(word), "letter")}. '
         f'~ "{word}" has {figure(r, len(word), "letter")}: {", ".join(word)}.'),
        (f'how many vowels there are in "{word}" ~ the number of vowels in "{word}"',
         f"The word has {figure(r, len(found), 'vowel')}{': ' * bool(found)}{listing(found)}."),
        (f'how many consonants "{word}" has ~ the number of consonants in "{word}"',
         f"It has {figure(r, len(rest), 'consonant')}: {listing(rest)}.") if "y" not in word.lower() else
        ("how many letters the word has", f"It has {len(word)} letters.", word),
        (f'how many times the letter {letter} appears in "{word}" ~ how often {letter} is used in "{word}"',
         f"The letter {letter} appears {times}."),
        (f"how often the digit {digit} is used in {digits:,}", f"The digit {digit} is used {k}."))


@topic_maker(6)
def things_counted(r):
    texts = [clause(*doing(r), "past") + "." for _ in range(r.randrange(2, 5))]
    words, marks, text = texts[0][:-1].split(), [r.choice("!?.") for _ in texts], " ".join(texts)
    the, caps, four = (sum(map(test, part)) for test, part in (
        (lambda w: w.lower() == "the", words), (str.isupper, text), (lambda w: len(w) == 4, words)))
    items = r.sample(r.choice([NOUNS, NAMES, NAMES, CITIES]), r.randrange(3, 9))
    what, numbers = "guest" if items[0] in NAMES else "thing", sorted(r.sample(range(2, 40), 5))
    kind, some = r.choice([("even", [n for n in numbers if n % 2 == 0]), ("odd", [n for n in numbers if n % 2])])
    same, counts = [w for w in items if w[0] == items[0][0]], [r.randrange(2, 10) for _ in range(3)]
    animals = r.sample(["goats", "ducks", "geese", "cows", "hens", "sheep", "horses", "pigs", "dogs"], 3)
    month = r.choice("JMAFSOND")
    months, friends = [m for m in MONTHS if m[0] == month], r.sample(NAMES, r.randrange(3, 6))
    return one_of(
        r,
        *[("how many words are in this sentence ~ the number of words in the sentence ~ how many words the sentence "
           "has",
           f"There are {figure(r, len(words), 'word')}. ~ The sentence has {figure(r, len(words), 'word')}.",
           texts[0])] * 3,
        *[(f"how many {what}s are on this list ~ the number of {what}s ~ how many {what}s there are",
           f"There are {figure(r, len(items), what)}.", row(items))] * 2,
        ('how often the word "the" occurs ~ how many times "the" is used',
         "It does not occur." if the == 0 else "It occurs once." if the == 1 else f"It occurs {figure(r, the)} times.",
         texts[0]),
        ("how many capital letters the text contains", f"It contains {figure(r, caps, 'capital letter')}.", text),
        ("how many sentences the text has ~ the number of sentences",
         f"The text has {figure(r, len(texts), 'sentence')}.", text),
        ("the number of question marks", str(marks.count("?")),
         " ".join(t[:-1] + mark for t, mark in zip(texts, marks, strict=True))),
        ("how many commas are used", f"There are {figure(r, len(friends) - 1)} commas.", f"We saw {listing(friends)}."),
        ("how many words of exactly four letters there are",
         f"There {'is' if four == 1 else 'are'} {figure(r, four, 'word')} of "
         "four letters.", texts[0]),
        (f"how many {kind} numbers are in this row", f"There {'is' if len(some) == 1 else 'are'} "
         f"{figure(r, len(some), kind + ' number')}{': ' * bool(some)}{listing(some)}.", row(numbers)),
        (f"how many of these words begin with the letter {items[0][0].lower()}",
         f"{capital(NUMBER[len(same)])} of them {'do' if len(same) > 1 else 'does'}: {listing(same)}.", row(items)),
        ("the total number of animals ~ how many animals there are in all",
         f"There are {sum(counts)} animals in total. ~ "
         f"{' + '.join(map(str, counts))} is {sum(counts)}, so there are {sum(counts)} animals.",
         listing(f"{NUMBER[n]} {animal}" for n, animal in zip(counts, animals, strict=True))),
        (f"how many months have names that start with {month}",
         f"{capital(NUMBER[len(months)])} month{'s do' if len(months) > 1 else ' does'}: {listing(months)}."))


@topic_maker(4)
def claims(r):
    x, y, z, w = (r.randrange(2, 13) for _ in range(4))
    off = r.choice([0, 0, 0, -1, 2, 10])
    (shape, sides), (unit, parts, factor), month = r.choice(SHAPES), r.choice(UNITS), r.choice([MONTHS[0], *MONTHS[2:]])
    n, k, days = number(r, 2, 60), r.randrange(4, 50), MONTH_DAYS[month]
    d, parity = next(d for d in range(2, k + 1) if k % d == 0), r.choice(["even", "odd"])
    claim, true, why = r.choice([
        (f"{x} times {y} is {x * y + off}", not off, f"{x} x {y} is {x * y}"),
        (f"{x * y} divided by {x} is {y + off}", not off, f"{x} x {y} is {x * y}"),
        (f"{n} plus {k} is {n + k + off}", not off, f"{n} + {k} is {n + k}"),
        (f"{x} x {y} is greater than {z} x {w}", x * y > z * w, f"{x} x {y} is {x * y}, and {z} x {w} is {z * w}"),
        (f"the number {k} is prime", d == k,
         f"Only 1 and {k} divide it evenly" if d == k else f"{k} equals {d} x {k // d}"),
        (f"the number {n} is {parity}", (parity == "odd") == (n % 2),
         f"{n} {'cannot' if n % 2 else 'can'} be divided by 2"),
        (f"{a(shape)} has {in_words(sides + abs(off))} sides", not off,
         f"{capital(a(shape))} has {in_words(sides)} sides"),
        (f"one {unit} is {factor * (1 + abs(off)):,} {parts}", not off, f"One {unit} is {factor:,} {parts}"),
        (f"{month} has {61 - days if off else days} days", not off, f"{month} has {days} days"),
        (f"the Roman numeral {roman(n)} stands for {n + off}", not off, f"{roman(n)} is {n}"),
        (f"half of {2 * n} is {n + off}", not off, f"{n} + {n} is {2 * n}"),
        (f"10 percent of {10 * n} is {n + off}", not off, f"10 percent of {10 * n} is {n}"),
        (f"the square of {x} is {x * x + off}", not off, f"{x} x {x} is {x * x}"),
        ("every rectangle is also a square", False, "A rectangle can have two long sides and two short ones"),
        ("adding two even numbers gives an odd number", False, f"For example, 2 + {2 * x} = {2 * x + 2}"),
        ("adding an odd and an even number gives an odd number", True, f"For example, 3 + {2 * x} = {2 * x + 3}")])
    text, full = f"{'True' if true else 'False'}. {why}.", capital(claim) + "."
    return one_of(
        r,
        (f"whether it is true or false that {claim} ~ true or false: {claim} ~ the truth of the statement that "
         f"{claim} ~ "
         f"the claim that {claim}, judged true or false", text),
        ("whether this claim is true or false ~ true or false, with a reason ~ the verdict on the statement, true or "
         "false ~ "
         "the claim, labeled true or false", text, full),
        (f'whether "{capital(claim)}" is true or false', text))
