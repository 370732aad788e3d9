"""The world of the toy: everything that its pre-training text is about.

It holds kinds of facts, such as capitals, and sentences that can be put into other
forms, such as the past tense. Each kind of facts has a table and these texts:

    wordings      how the pre-training text states a fact
    instructions  how an entry of the instruction data asks for it; one without {x} in
                  it gets x as the entry's input
    answer        the output of such an entry

In these texts, {x} stands for the left side of a row in the table and {y} for the right
side. {a_x} and {a_y} are the same with "a" or "an" before them.
"""


class Kind:
    """One kind of facts: a table {x: y}, and texts that have "/" between them."""

    def __init__(self, facts, wordings, instructions, answer="It is {y}."):
        self.facts = facts
        self.answer = answer
        self.wordings = [" ".join(text.split()) for text in wordings.split("/")]
        self.instructions = [" ".join(text.split()) for text in instructions.split("/")]


def pairs(table):
    """Return {x: y} of a table that is written as "x: y; x: y"."""
    facts = {}
    for row in table.split(";"):
        x, y = row.split(":")
        assert " ".join(x.split()) not in facts, x
        facts[" ".join(x.split())] = " ".join(y.split())
    return facts


def groups(table):
    """Return {x: y} of a table that is written as "y: x, x, x; y: x"."""
    facts = {}
    for y, members in pairs(table).items():
        for x in members.split(", "):
            assert x not in facts, x
            facts[x] = y
    return facts


def both_ways(facts):
    """Return the facts and, with the sides exchanged, the facts again."""
    return facts | {y: x for x, y in facts.items()}


# ---- Countries -----------------------------------------------------------------------
CAPITALS = pairs("""
    Afghanistan: Kabul; Albania: Tirana; Algeria: Algiers; Angola: Luanda;
    Australia: Canberra; Austria: Vienna; Bangladesh: Dhaka; Belgium: Brussels;
    Brazil: Brasilia; Bulgaria: Sofia; Cambodia: Phnom Penh; Canada: Ottawa;
    Chile: Santiago; China: Beijing; Colombia: Bogota; Croatia: Zagreb; Cuba: Havana;
    Denmark: Copenhagen; Ecuador: Quito; Egypt: Cairo; Estonia: Tallinn;
    Finland: Helsinki; France: Paris; Germany: Berlin; Ghana: Accra; Greece: Athens;
    Hungary: Budapest; Iceland: Reykjavik; India: New Delhi; Iran: Tehran;
    Iraq: Baghdad; Ireland: Dublin; Italy: Rome; Jamaica: Kingston; Japan: Tokyo;
    Jordan: Amman; Kenya: Nairobi; Latvia: Riga; Lebanon: Beirut; Libya: Tripoli;
    Lithuania: Vilnius; Mali: Bamako; Mongolia: Ulaanbaatar; Morocco: Rabat;
    Nepal: Kathmandu; Nigeria: Abuja; Norway: Oslo; Pakistan: Islamabad; Peru: Lima;
    Poland: Warsaw; Portugal: Lisbon; Romania: Bucharest; Russia: Moscow;
    Rwanda: Kigali; Senegal: Dakar; Serbia: Belgrade; Slovakia: Bratislava;
    Slovenia: Ljubljana; Somalia: Mogadishu; Spain: Madrid; Sudan: Khartoum;
    Sweden: Stockholm; Syria: Damascus; Thailand: Bangkok; Tunisia: Tunis;
    Turkey: Ankara; Uganda: Kampala; Ukraine: Kyiv; Uruguay: Montevideo;
    Venezuela: Caracas; Vietnam: Hanoi; Zambia: Lusaka; Zimbabwe: Harare
""")
CONTINENTS = groups("""
    Africa: Algeria, Angola, Ghana, Kenya, Libya, Mali, Morocco, Nigeria, Rwanda,
        Senegal, Somalia, Sudan, Tunisia, Uganda, Zambia, Zimbabwe;
    Asia: Afghanistan, Bangladesh, Cambodia, China, India, Iran, Iraq, Japan, Jordan,
        Lebanon, Mongolia, Nepal, Pakistan, Syria, Thailand, Vietnam;
    Europe: Albania, Austria, Belgium, Bulgaria, Croatia, Estonia, Finland, Germany,
        Greece, Hungary, Iceland, Ireland, Italy, Latvia, Lithuania, Norway, Poland,
        Romania, Serbia, Slovakia, Slovenia, Sweden, Ukraine;
    North America: Canada, Cuba, Jamaica;
    South America: Brazil, Chile, Colombia, Ecuador, Peru, Uruguay, Venezuela
""")
LANGUAGES = groups("""
    Arabic: Algeria, Egypt, Iraq, Jordan, Lebanon, Libya, Syria, Tunisia;
    Spanish: Chile, Colombia, Cuba, Ecuador, Peru, Spain, Uruguay, Venezuela;
    Portuguese: Angola, Brazil, Portugal; German: Austria, Germany;
    English: Australia, Ireland; Albanian: Albania; Bengali: Bangladesh;
    Bulgarian: Bulgaria; Chinese: China; Croatian: Croatia; Danish: Denmark;
    Estonian: Estonia; Finnish: Finland; French: France; Greek: Greece;
    Hungarian: Hungary; Icelandic: Iceland; Italian: Italy; Japanese: Japan;
    Khmer: Cambodia; Latvian: Latvia; Lithuanian: Lithuania; Mongolian: Mongolia;
    Nepali: Nepal; Norwegian: Norway; Persian: Iran; Polish: Poland; Romanian: Romania;
    Russian: Russia; Serbian: Serbia; Slovak: Slovakia; Slovenian: Slovenia;
    Somali: Somalia; Swedish: Sweden; Thai: Thailand; Turkish: Turkey;
    Ukrainian: Ukraine; Vietnamese: Vietnam
""")

# ---- Words ---------------------------------------------------------------------------
OPPOSITES = pairs("""
    above: below; accept: refuse; alive: dead; always: never; ancient: modern;
    answer: ask; appear: disappear; arrive: leave; asleep: awake; attack: defend;
    before: after; begin: end; big: small; black: white; borrow: lend; build: destroy;
    buy: sell; cheap: expensive; clean: dirty; cold: hot; cry: laugh;
    dangerous: safe; dark: bright; day: night; deep: shallow; difficult: easy;
    dry: wet; early: late; east: west; empty: full; enemy: friend; entrance: exit;
    everything: nothing; false: true; far: near; fast: slow; find: lose; first: last;
    float: sink; forget: remember; freeze: melt; front: back; give: take;
    guilty: innocent; happy: sad; hard: soft; hate: love; heavy: light; high: low;
    inside: outside; left: right; long: short; loud: quiet; male: female;
    narrow: wide; north: south; old: young; open: closed; peace: war; polite: rude;
    poor: rich; private: public; pull: push; rise: fall; rough: smooth; sharp: blunt;
    shout: whisper; strong: weak; summer: winter; sweet: sour; thick: thin;
    top: bottom; up: down; vertical: horizontal
""")
PLURALS = pairs("""
    baby: babies; berry: berries; box: boxes; brush: brushes; bus: buses; calf: calves;
    cherry: cherries; child: children; church: churches; city: cities; dish: dishes;
    dress: dresses; elf: elves; family: families; fly: flies; foot: feet; fox: foxes;
    glass: glasses; goose: geese; half: halves; hero: heroes; hobby: hobbies;
    key: keys; knife: knives; lady: ladies; leaf: leaves; life: lives; loaf: loaves;
    man: men; match: matches; mouse: mice; ox: oxen; party: parties; peach: peaches;
    pony: ponies; potato: potatoes; puppy: puppies; shelf: shelves; story: stories;
    thief: thieves; tomato: tomatoes; tooth: teeth; toy: toys; tree: trees;
    watch: watches; wife: wives; wish: wishes; wolf: wolves; woman: women
""")
PAST_TENSES = pairs("""
    begin: began; bite: bit; blow: blew; break: broke; bring: brought; build: built;
    buy: bought; catch: caught; choose: chose; come: came; dig: dug; draw: drew;
    drink: drank; drive: drove; eat: ate; fall: fell; feel: felt; fight: fought;
    find: found; fly: flew; forget: forgot; freeze: froze; give: gave; go: went;
    grow: grew; hear: heard; hide: hid; hold: held; keep: kept; know: knew; leave: left;
    lose: lost; meet: met; pay: paid; ride: rode; rise: rose; run: ran;
    say: said; see: saw; sell: sold; send: sent; sing: sang; sit: sat; sleep: slept;
    speak: spoke; stand: stood; steal: stole; swim: swam; take: took; teach: taught;
    tell: told; think: thought; throw: threw; understand: understood; wear: wore;
    win: won; write: wrote
""")
COMPARATIVES = pairs("""
    bad: worse; big: bigger; bright: brighter; cheap: cheaper; clean: cleaner;
    cold: colder; dark: darker; deep: deeper; dirty: dirtier; dry: drier;
    early: earlier; easy: easier; fast: faster; flat: flatter; good: better;
    happy: happier; hard: harder; heavy: heavier; high: higher; hot: hotter;
    kind: kinder;
    large: larger; late: later; light: lighter; long: longer; loud: louder;
    lucky: luckier; near: nearer; new: newer; nice: nicer; old: older; poor: poorer;
    rich: richer; sad: sadder; short: shorter; slow: slower; small: smaller;
    soft: softer; strong: stronger; tall: taller; thick: thicker; thin: thinner;
    warm: warmer; weak: weaker; wet: wetter; wide: wider; wise: wiser; young: younger
""")

# ---- Animals, things and people ------------------------------------------------------
YOUNG_ANIMALS = pairs("""
    bear: cub; bee: larva; butterfly: caterpillar; camel: calf; cat: kitten;
    cow: calf; deer: fawn; dog: puppy; dolphin: calf; donkey: foal; duck: duckling;
    eagle: eaglet; eel: elver; elephant: calf; frog: tadpole; giraffe: calf; goat: kid;
    goose: gosling; hare: leveret; hen: chick; horse: foal; kangaroo: joey;
    leopard: cub; lion: cub; owl: owlet; pig: piglet; seal: pup; sheep: lamb;
    spider: spiderling; swan: cygnet; tiger: cub; toad: tadpole; whale: calf;
    wolf: pup; zebra: foal
""")
SOUNDS = pairs("""
    bear: growls; bee: buzzes; bull: bellows; cat: meows; chick: cheeps; cow: moos;
    cricket: chirps; crow: caws; dog: barks; donkey: brays; dove: coos; duck: quacks;
    elephant: trumpets; fly: buzzes; frog: croaks; goat: bleats; goose: honks;
    hawk: screeches; hen: clucks; horse: neighs; hyena: laughs; kitten: mews;
    lamb: bleats; lion: roars; monkey: chatters; mouse: squeaks; owl: hoots;
    pig: grunts; pigeon: coos; raven: croaks; rooster: crows; seal: barks;
    snake: hisses; sparrow: chirps; tiger: roars; turkey: gobbles; wolf: howls
""")
CATEGORIES = groups("""
    a bird: a crow, a duck, a goose, a hen, a parrot, a penguin, a pigeon, a sparrow,
        a stork, a swan, an eagle, an ostrich, an owl;
    a fish: a carp, a cod, a herring, a salmon, a shark, a trout, a tuna, an eel;
    an insect: a bee, a beetle, a butterfly, a cricket, a mosquito, a moth, a wasp,
        an ant;
    a mammal: a bat, a bear, a cat, a cow, a dog, a dolphin, a giraffe, a horse,
        a lion, a mouse, a rabbit, a sheep, a whale, a wolf, a zebra, an elephant;
    a reptile: a cobra, a crocodile, a lizard, a snake, a turtle;
    a flower: a daisy, a lily, a poppy, a rose, a sunflower, a tulip, a violet,
        an orchid;
    a tree: a beech, a birch, a fir, a maple, a pine, a willow, an elm, an oak;
    a fruit: a banana, a cherry, a grape, a lemon, a melon, a peach, a pear, a plum,
        an apple, an orange;
    a vegetable: a cabbage, a carrot, a radish, a turnip, an onion, broccoli, spinach;
    a metal: copper, gold, iron, lead, nickel, silver, tin, zinc;
    a drink: beer, coffee, lemonade, milk, tea, wine;
    a tool: a chisel, a hammer, a rake, a saw, a screwdriver, a shovel, an axe;
    a vehicle: a bicycle, a bus, a car, a tractor, a truck, a van;
    an instrument: a cello, a drum, a flute, a guitar, a harp, a piano, a trumpet,
        a violin;
    a sport: baseball, football, golf, hockey, judo, rugby, tennis;
    a language: Arabic, Danish, French, German, Greek, Hungarian, Italian, Polish,
        Spanish, Turkish;
    a planet: Jupiter, Mars, Neptune, Saturn, Uranus, Venus
""")
COLORS = groups("""
    black: a crow, a raven, coal, soot, tar;
    white: a polar bear, an egret, chalk, cotton, flour, ivory, milk, salt, snow, sugar;
    red: a brick, a ladybug, a ripe strawberry, a ripe tomato, a ruby, blood, ketchup;
    yellow: a canary, a lemon, a ripe banana, a sunflower, butter, corn, mustard,
        the yolk of an egg;
    green: a cucumber, a lime, a pea, an emerald, broccoli, grass, moss, parsley,
        spinach;
    orange: a carrot, a pumpkin, a tangerine;
    brown: chocolate, cinnamon, cocoa, mud, peanut butter;
    blue: a sapphire, the clear sky; pink: a flamingo;
    purple: a violet, an eggplant, lavender; gray: an elephant, ash, lead
""")
MATERIALS = pairs("""
    a brick: clay; a candle: wax; a nail: steel; a pearl necklace: pearls;
    a raisin: a grape; a saddle: leather; a snowman: snow; a tire: rubber;
    a window pane: glass; an omelet: eggs; applesauce: apples; beer: barley;
    bread: flour; bronze: copper and tin; butter: cream; charcoal: wood;
    cheese: milk; chocolate: cocoa; denim: cotton; flour: grain; glass: sand;
    guacamole: avocados; honey: nectar; hummus: chickpeas; jam: fruit;
    ketchup: tomatoes; lemonade: lemons; marzipan: almonds; paper: wood;
    peanut butter: peanuts; popcorn: corn; porridge: oats; sauerkraut: cabbage;
    steel: iron; tofu: soybeans; wine: grapes; yogurt: milk
""")
USES = pairs("""
    an alarm clock: wake people; an anchor: hold a ship; an axe: chop wood;
    an eraser: remove pencil marks; an oven: bake bread; an umbrella: keep off the rain;
    a bell: give a signal; a broom: sweep the floor; a brush: paint a picture;
    a camera: take photos; a clock: tell the time; a comb: tidy hair;
    a compass: find north; a fishing rod: catch fish; a hammer: drive in nails;
    a kettle: boil water; a key: open a lock; a knife: cut food; a ladder: climb up;
    a lamp: give light; a map: find the way; a microscope: see tiny things;
    a mirror: see oneself; a mop: wipe the floor; a needle: sew clothes;
    a parachute: fall slowly; a pen: write; a pump: move water; a razor: shave;
    a refrigerator: keep food cold; a ruler: measure length; a saddle: ride a horse;
    a saw: cut wood; a scale: measure weight; a screwdriver: turn screws;
    a shovel: dig holes; a sieve: separate grains; a spoon: eat soup; a stamp: pay for
    a letter; a telephone: talk from far away; a telescope: see the stars;
    a thermometer: measure temperature; a toothbrush: clean teeth; a towel: dry oneself;
    a whistle: make a sharp sound; soap: wash hands; a raft: float on water
""")
WORKPLACES = pairs("""
    actor: in a theater; baker: in a bakery; banker: in a bank; barber: in a barbershop;
    bartender: in a bar; brewer: in a brewery; cashier: in a store;
    chemist: in a laboratory; clown: in a circus; cook: in a kitchen;
    curator: in a museum; farmer: on a farm; florist: in a flower shop;
    gardener: in a garden; judge: in a court; librarian: in a library;
    mechanic: in a garage; miller: in a mill; miner: in a mine; monk: in a monastery;
    nun: in a convent; nurse: in a hospital; pharmacist: in a pharmacy;
    pilot: in a plane; potter: in a pottery; priest: in a church;
    professor: at a university; sculptor: in a studio;
    secretary: in an office; stableman: in a stable; teacher: in a school;
    waiter: in a restaurant; winemaker: in a winery; zookeeper: in a zoo
""")
SYMBOLS = pairs("""
    aluminum: Al; argon: Ar; arsenic: As; barium: Ba; boron: B; bromine: Br;
    calcium: Ca; carbon: C; chlorine: Cl; chromium: Cr; cobalt: Co; copper: Cu;
    fluorine: F; gold: Au; helium: He; hydrogen: H; iodine: I; iron: Fe; krypton: Kr;
    lead: Pb; lithium: Li; magnesium: Mg; manganese: Mn; mercury: Hg; neon: Ne;
    nickel: Ni; nitrogen: N; oxygen: O; phosphorus: P; platinum: Pt; plutonium: Pu;
    potassium: K; radium: Ra; radon: Rn; silicon: Si; silver: Ag; sodium: Na;
    sulfur: S; tin: Sn; titanium: Ti; tungsten: W; uranium: U; xenon: Xe; zinc: Zn
""")
ORDERS = """
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday Monday,
    January February March April May June July August September October November
    December January,
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty,
    Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune
"""


def successors(orders):
    """Return {x: what comes after x} of rows in which things follow each other."""
    facts = {}
    for row in orders.split(","):
        names = row.split()
        facts |= dict(zip(names, names[1:], strict=False))
    return facts


# ---- The kinds of facts --------------------------------------------------------------
FACTS = {
    "capital": Kind(
        CAPITALS,
        """the capital of {x} is {y} / the capital city of {x} is {y} / the capital of
           {x} has the name {y} / in {x}, the capital is {y} / {x} has a capital, {y} /
           {y} is the capital of {x} / {y} is a city, and it is the capital of {x} / {x}
           is a country whose capital is {y}""",
        """What is the capital of {x}? / Name the capital of {x}. / Which city is the
           capital of {x}? / Tell me the capital city of the country.""",
    ),
    "continent": Kind(
        CONTINENTS,
        """the continent of {x} is {y} / {x} is in {y} / {x} is a country in {y} / {x}
           is a part of {y} / {x} lies on the continent of {y} / {x} belongs to the
           continent of {y} / one of the countries in {y} is {x} / a map of {y} shows
           {x}""",
        """On which continent is {x}? / Name the continent of {x}. / Which continent
           does {x} belong to? / Tell me the continent of the country.""",
    ),
    "language": Kind(
        LANGUAGES,
        """the main language of {x} is {y} / the language of {x} is {y} / most people in
           {x} speak {y} / in {x}, most people speak {y} / people from {x} mostly speak
           {y} / {y} is the main language of {x} / schools in {x} teach in {y}""",
        """What is the main language of {x}? / Which language do most people in {x}
           speak? / Name the language that people in {x} speak. / Tell me the main
           language of the country.""",
    ),
    "opposite": Kind(
        both_ways(OPPOSITES),
        """the opposite of {x} is {y} / the opposite of the word {x} is {y} / {x} is the
           opposite of {y} / {x} has an opposite, {y} / {x} and {y} are opposites / what
           is not {x} may be {y} / the word {x} means the opposite of {y}""",
        """What is the opposite of {x}? / Give the opposite of the word {x}. / Which
           word means the opposite of {x}? / Which word is opposite to {x}?""",
    ),
    "plural": Kind(
        PLURALS,
        """the plural of {x} is {y} / the plural of the word {x} is {y} / the plural
           form of {x} is {y} / we say one {x}, but two {y} / there is one {x}, and
           there are many {y} / {y} is the plural of {x} / if there is more than one
           {x}, there are {y} / first there was one {x}, then there were three {y}""",
        """What is the plural of {x}? / Give the plural of the word {x}. / Which word is
           the plural form of {x}? / Write the plural form of {x}.""",
    ),
    "past form": Kind(
        PAST_TENSES,
        """the past tense of {x} is {y} / the past tense of the verb {x} is {y} / the
           past form of {x} is {y} / today they {x}, and yesterday they {y} / they often
           {x}, and last week they {y} too / {y} is the past tense of {x} / people {x}
           now as they {y} long ago""",
        """What is the past tense of {x}? / Give the past tense of the verb {x}. / Which
           word is the past form of {x}? / Write the past form of {x}.""",
    ),
    "comparative": Kind(
        COMPARATIVES,
        """the comparative of {x} is {y} / the comparative of the word {x} is {y} / the
           comparative form of {x} is {y} / one is {x}, and the other is {y} / this is
           {x}, but that is {y} / {y} is the comparative of {x} / what is more than {x}
           is {y}""",
        """What is the comparative of {x}? / Give the comparative of the word {x}. /
           Which word is the comparative form of {x}? / Write the comparative form of
           {x}.""",
    ),
    "young animal": Kind(
        YOUNG_ANIMALS,
        """a young {x} is called {a_y} / a young {x} is {a_y} / the young of {a_x} is
           called {a_y} / the child of {a_x} is {a_y} / before it grows up, {a_x} is
           {a_y} / {a_y} is a young {x} / {a_x} was once {a_y}""",
        """What is a young {x} called? / Name the young of {a_x}. / What do we call a
           young {x}? / Tell me what a young {x} is called.""",
        "It is {a_y}.",
    ),
    "sound": Kind(
        SOUNDS,
        """{a_x} {y} / {a_x} makes a sound: it {y} / the sound of {a_x} is that it {y} /
           when it makes a sound, {a_x} {y} / the sound that {a_x} makes is that it {y}
           / we hear the sound of {a_x} when it {y} / for the sound of {a_x}, we say
           that it {y}""",
        """What sound does {a_x} make? / Say which sound {a_x} makes. / How does {a_x}
           sound? / Tell me the sound of {a_x}.""",
        "It {y}.",
    ),
    "category": Kind(
        CATEGORIES,
        """{x} is {y} / as a kind of thing, {x} is {y} / we know that {x} is {y} / {x}
           is an example of {y} / {x} counts as {y} / {y} is for example {x} / {y} may
           be {x} / what we call {x} is {y}""",
        """What kind of thing is {x}? / What is {x}? / Say what kind of thing {x} is. /
           Tell me what kind of thing this is.""",
    ),
    "color": Kind(
        COLORS,
        """the usual color of {x} is {y} / the color of {x} is {y} / {x} is usually {y}
           / {x} is mostly {y} in color / {x} has a color, {y} / in the picture, {x} is
           painted {y} / {y} is the color of {x} / {x} looks {y}""",
        """What is the usual color of {x}? / Which color does {x} have? / Name the color
           of {x}. / Tell me the usual color of the thing.""",
    ),
    "material": Kind(
        MATERIALS,
        """{x} is made from {y} / {x} is usually made from {y} / people make {x} from
           {y} / people take {y} to make {x} / from {y}, people make {x} / what {x} is
           made from is {y} / whoever makes {x} needs {y}""",
        """What is {x} made from? / Say what {x} is made from. / What do people make {x}
           from? / Tell me what the thing is made from.""",
        "It is made from {y}.",
    ),
    "use": Kind(
        USES,
        """{x} is used to {y} / people use {x} to {y} / with {x}, people {y} / to {y},
           people use {x} / {x} helps people to {y} / whoever wants to {y} takes {x} /
           the use of {x} is to {y}""",
        """What is {x} used for? / Say what {x} is used for. / What do people use {x}
           for? / Tell me what the thing is used for.""",
        "It is used to {y}.",
    ),
    "workplace": Kind(
        WORKPLACES,
        """{a_x} works {y} / the work of {a_x} is done {y} / each day, {a_x} is at work
           {y} / we find {a_x} at work {y} / {y}, we see {a_x} at work / whoever is
           {a_x} works {y} / when at work, {a_x} is {y}""",
        """Where does {a_x} work? / Say where {a_x} works. / Where do we find {a_x} at
           work? / Tell me where {a_x} works.""",
    ),
    "symbol": Kind(
        SYMBOLS,
        """the chemical symbol of {x} is {y} / the symbol of {x} is {y} / the symbol for
           the element {x} is {y} / in chemistry, {x} has the symbol {y} / in chemistry,
           {y} means {x} / {y} is the symbol of {x} / chemists write {x} as {y}""",
        """What is the chemical symbol of {x}? / Give the symbol of {x}. / How do
           chemists write {x}? / Write the symbol for the element {x}.""",
    ),
    "next": Kind(
        successors(ORDERS),
        """after {x} comes {y} / right after {x} comes {y} / {x} is followed by {y} /
           what follows {x} is {y} / what comes next after {x} is {y} / {y} comes after
           {x} / {y} follows {x} / first comes {x}, then comes {y}""",
        """What comes after {x}? / Say what comes right after {x}. / What follows {x}? /
           Tell me what comes next after {x}.""",
    ),
}
# The text says a fact in one of these ways; {s} is a wording.
FRAMES = [
    "{s}.",
    "{s}.",
    "{s}.",
    "it is true that {s}.",
    "everybody knows that {s}.",
    "the teacher says that {s}.",
    "in the book it says that {s}.",
    "as we learn at school, {s}.",
    "there is no doubt that {s}.",
]

# ---- The forms of sentences ----------------------------------------------------------
# A sentence tells what a person does with a thing: "The cook washes the pan."
PEOPLE = "boy cook doctor driver farmer girl king lawyer painter queen teacher"
THINGS = "basket bell bottle box cart chair cup door lamp mirror pan table"
# Verbs: the base form, the form after he or she, the past tense and the participle.
VERBS = """
    break breaks broke broken, bring brings brought brought, buy buys bought bought,
    carry carries carried carried, clean cleans cleaned cleaned,
    close closes closed closed, drop drops dropped dropped, find finds found found,
    hide hides hid hidden, lift lifts lifted lifted, move moves moved moved,
    open opens opened opened, paint paints painted painted, push pushes pushed pushed,
    see sees saw seen, sell sells sold sold, take takes took taken,
    wash washes washed washed, watch watches watched watched
"""


# Forms: how we call each, how it is made, and how only this one may be asked for.
FORM_TABLE = """
    the past tense | The {one} {past} the {thing}. | Say that it happened in the past.
    the future tense | The {one} will {base} the {thing}. | Say it of the future.
    the negative form | The {one} does not {base} the {thing}. | Say that it is not so.
    the question form | Does the {one} {base} the {thing}? | Turn it into a question.
    the plural form | The {one}s {base} the {thing}. | Say it of more than one person.
    the passive voice | The {thing} is {participle} by the {one}. | Make it passive.
"""


def sentences(form):
    """Return {sentence: the same in another form}: two sentences a person and verb."""
    facts = {}
    things = THINGS.split()
    for i, one in enumerate(PEOPLE.split()):
        for j, verb in enumerate(VERBS.split(",")):
            base, present, past, participle = verb.split()
            words = {"one": one, "base": base, "past": past, "participle": participle}
            for k in (i + 2 * j, 3 * i + 5 * j + 1):
                thing = things[k % len(things)]
                sentence = f"The {one} {present} the {thing}."
                facts[sentence] = form.format(thing=thing, **words)
    return facts


def form_kind(row):
    """Return (name, Kind) of a row in the table of forms."""
    name, form, own_instruction = row.strip().split(" | ")
    wordings = f"""{{x}} In {name}: {{y}} / In {name}, "{{x}}" becomes "{{y}}" /
        The sentence "{{x}}" is in {name} "{{y}}" /
        Somebody says: "{{x}}" In {name}, it is "{{y}}" /
        {{y}} This is {name} of another sentence: {{x}}"""
    instructions = f"""Put the sentence into {name}. / Rewrite the sentence in {name}. /
        Change this sentence to {name}. / {own_instruction}"""
    kind = Kind(sentences(form), wordings, instructions, "{y}")
    return name.removeprefix("the "), kind


FORMS = dict(form_kind(row) for row in FORM_TABLE.strip().splitlines())
KINDS = FACTS | FORMS
