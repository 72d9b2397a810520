using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Headgate.Time;

namespace Headgate.Limits;

/// <summary>The grammar of <see cref="Limit"/>, read left to right; the first thing that is wrong is named with its position.</summary>
internal static class LimitSyntax
{
    private const string Example = "for example \"100/s\", \"90000 tokens/min\", \"40 bucket 2/s\", \"10 concurrent\" or \"200/s burst=20\"";
    private const long LargestAmount = 1_000_000_000_000;
    // No limit is as long; what is would make an error that nobody can read.
    private const int LongestText = 256;
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromDays(366);

    public static bool TryRead(string text, out Limit? limit, [NotNullWhen(false)] out string? error)
    {
        if (text.Length > LongestText)
        {
            (limit, error) = (null, $"limit \"{Excerpt.Of(text)}\": longer than {LongestText} characters; {Example}");
            return false;
        }
        try
        {
            (limit, error) = (new Reader(text).ReadLimit(), null);
            return true;
        }
        catch (SyntaxException wrong)
        {
            (limit, error) = (null, $"limit \"{text}\": {wrong.Message} at position {wrong.Position + 1}; {wrong.Advice ?? Example}");
            return false;
        }
    }

    public static string Write(Limit limit)
    {
        if (limit.Algorithm == LimitAlgorithm.Concurrent)
            return Invariant($"{limit.Amount} concurrent");
        var text = new StringBuilder(Invariant($"{limit.Amount}"));
        if (limit.Unit != Limit.Requests)
            text.Append(' ').Append(limit.Unit);
        text.Append('/').Append(WritePeriod(limit));
        text.Append(limit.Algorithm switch
        {
            LimitAlgorithm.Fixed => " fixed",
            LimitAlgorithm.Counter => " counter",
            LimitAlgorithm.Spaced => " spaced",
            LimitAlgorithm.Bucket => Invariant($" burst={limit.Burst}"),
            _ => "",
        });
        Option("jitter", limit.Jitter);
        Option("skew", limit.Skew);
        Option("guard", limit.Guard);
        if (limit.When is { } when)
            text.Append(" when=").Append(ScheduleSyntax.Write(when));
        if (limit.Zone is { } zone)
            text.Append(" tz=").Append(zone.Id);
        if (limit.Timing is { } timing)
            text.Append(" timing=").Append(WriteTiming(timing, limit.Bound));
        return text.ToString();

        void Option(string name, TimeSpan? value)
        {
            if (value is { } given)
                text.Append(' ').Append(name).Append('=').Append(Duration.Format(given));
        }
    }

    public static string WriteTiming(LimitTiming timing, TimeSpan? bound) => timing switch
    {
        LimitTiming.Guaranteed => "guaranteed",
        LimitTiming.Nominal => "nominal",
        _ => bound is { } d ? $"bounded:{Duration.Format(d)}" : "bounded",
    };

    /// <summary>Reads <c>guaranteed</c>, <c>nominal</c>, <c>bounded</c> or <c>bounded:250ms</c>.</summary>
    public static bool TryReadTiming(string text, out LimitTiming timing, out TimeSpan? bound)
    {
        bound = null;
        timing = LimitTiming.Bounded;
        if (text.StartsWith("bounded:", StringComparison.Ordinal))
        {
            var read = Duration.TryParse(text.AsSpan("bounded:".Length), out var d) && d > TimeSpan.Zero;
            bound = read ? d : null;
            return read;
        }
        timing = text switch { "guaranteed" => LimitTiming.Guaranteed, "nominal" => LimitTiming.Nominal, _ => LimitTiming.Bounded };
        return text is "guaranteed" or "nominal" or "bounded";
    }

    private static string WritePeriod(Limit limit)
    {
        if (limit.IsMonthly)
            return "month";
        var ticks = limit.Period.Ticks;
        foreach (var (unit, size) in (ReadOnlySpan<(string, long)>)[("week", 7 * TimeSpan.TicksPerDay), ("day", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("min", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond)])
            if (ticks % size == 0)
                return ticks == size ? unit : Invariant($"{ticks / size}{unit}");
        return Invariant($"{ticks / TimeSpan.TicksPerMillisecond}ms");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class SyntaxException(string message, int position, string? advice = null) : Exception(message)
    {
        public int Position => position;

        public string? Advice => advice;
    }

    private sealed class Reader(string text)
    {
        private int _at;

        public Limit ReadLimit()
        {
            SkipSpaces();
            var amount = ReadInt("an amount");
            SkipSpaces();
            if (TryWord("concurrent"))
                return ReadEnd(new Limit { Amount = amount, Algorithm = LimitAlgorithm.Concurrent });

            long? burst = null;
            if (TryWord("bucket"))
            {
                burst = amount;
                SkipSpaces();
                amount = ReadInt("the rate of the bucket, such as 2/s");
                SkipSpaces();
            }
            var unit = char.IsAsciiLetterLower(Peek()) ? ReadUnit() : Limit.Requests;
            SkipSpaces();
            if (!TryChar('/'))
                throw Wrong(_at == text.Length ? "a period is missing" : $"expected \"/\" and a period, found \"{text[_at..]}\"");
            var limit = new Limit { Amount = amount, Unit = unit, Algorithm = burst is null ? LimitAlgorithm.Sliding : LimitAlgorithm.Bucket, Burst = burst ?? 0 };
            return new LimitOptions(ReadPeriod(limit), burst is not null).Read(this);
        }

        public bool AtEnd => _at >= text.Length;

        public int Position => _at;

        public Exception Wrong(string message, int? at = null, string? advice = null) => new SyntaxException(message, at ?? _at, advice);

        /// <summary>The next word up to white space; <c>when=</c> takes the hours that follow it too.</summary>
        public (string Name, string? Value, int At) ReadOption()
        {
            SkipSpaces();
            var at = _at;
            var word = ReadToSpace();
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (word, null, at) : (word[..equals], word[(equals + 1)..], at);
        }

        /// <summary>The next word if it looks like <c>09:00-18:00</c>.</summary>
        public string? TryReadHours()
        {
            var before = _at;
            SkipSpaces();
            var word = ReadToSpace();
            if (word.Contains(':', StringComparison.Ordinal) && char.IsAsciiDigit(word[0]))
                return word;
            _at = before;
            return null;
        }

        public void SkipSpaces()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
        }

        private Limit ReadEnd(Limit limit)
        {
            SkipSpaces();
            return AtEnd ? limit : throw Wrong($"unexpected \"{text[_at..]}\"");
        }

        private string ReadToSpace()
        {
            var from = _at;
            while (_at < text.Length && !char.IsWhiteSpace(text[_at]))
                _at++;
            return text[from.._at];
        }

        private long ReadInt(string what)
        {
            var from = _at;
            long value = 0;
            for (; _at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] == '_'); _at++)
                if (text[_at] != '_')
                    value = Math.Min(value * 10 + (text[_at] - '0'), LargestAmount + 1);
            if (_at == from || text[from] == '_')
                throw Wrong(from == text.Length ? $"{what} is missing" : $"expected {what}, found \"{text[from..]}\"", from);
            return value is 0 or > LargestAmount ? throw Wrong($"{what} must be from 1 to {LargestAmount}", from) : value;
        }

        private string ReadUnit()
        {
            var from = _at;
            while (char.IsAsciiLetterLower(Peek()) || char.IsAsciiDigit(Peek()) || Peek() == '_')
                _at++;
            return text[from.._at] switch
            {
                var word and ("bucket" or "concurrent") => throw Wrong($"\"{word}\" is no unit", from),
                // "1 request/s" would count a unit that no request declares, and so hold nothing back.
                "request" => Limit.Requests,
                var unit => unit,
            };
        }

        private Limit ReadPeriod(Limit limit)
        {
            SkipSpaces();
            var from = _at;
            long count = 1;
            if (char.IsAsciiDigit(Peek()))
                count = ReadInt("the number of a period");
            var unitAt = _at;
            while (char.IsAsciiLetter(Peek()))
                _at++;
            var name = text[unitAt.._at];
            if (!AtEnd && !char.IsWhiteSpace(Peek()))
                throw Wrong($"unexpected \"{text[_at..]}\"");
            if (name == "month")
                return count == 1 ? limit with { IsMonthly = true } : throw Wrong("only one calendar month is a period", from);
            var unit = name switch
            {
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" or "sec" or "second" => TimeSpan.TicksPerSecond,
                "min" or "minute" => TimeSpan.TicksPerMinute,
                "h" or "hour" => TimeSpan.TicksPerHour,
                "d" or "day" => TimeSpan.TicksPerDay,
                "week" => 7 * TimeSpan.TicksPerDay,
                "m" => throw Wrong("\"m\" could be a minute or a month", unitAt, "write min or month"),
                "" => throw Wrong("a period is missing", unitAt),
                _ => throw Wrong($"unknown period \"{name}\"", unitAt, "a period is ms, s, min, h, day, week or month, with a number before it if need be, " + Example),
            };
            return count > LongestPeriod.Ticks / unit
                ? throw Wrong("the period is longer than a year", from)
                : limit with { Period = new TimeSpan(count * unit) };
        }

        private bool TryWord(string word)
        {
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal))
                return false;
            var end = _at + word.Length;
            if (end < text.Length && !char.IsWhiteSpace(text[end]))
                return false;
            _at = end;
            return true;
        }

        private bool TryChar(char c)
        {
            if (Peek() != c)
                return false;
            _at++;
            return true;
        }

        private char Peek() => _at < text.Length ? text[_at] : '\0';
    }

    /// <summary>The options behind the period, each at most once, and what must fit together.</summary>
    private sealed class LimitOptions(Limit limit, bool isBucket)
    {
        private readonly Dictionary<string, int> _seen = [];
        private string? _algorithm = isBucket ? "bucket" : null;
        private Limit _limit = limit;

        public Limit Read(Reader reader)
        {
            var start = reader.Position;
            reader.SkipSpaces();
            while (!reader.AtEnd)
            {
                var (name, value, at) = reader.ReadOption();
                if (!_seen.TryAdd(name, at))
                    throw reader.Wrong($"\"{name}\" is given twice", at);
                Apply(reader, name, value, at);
                reader.SkipSpaces();
            }
            CheckTogether(reader, start);
            return _limit;
        }

        private void Apply(Reader reader, string name, string? value, int at)
        {
            switch (name, value)
            {
                case ("sliding" or "fixed" or "counter" or "spaced", null):
                    SetAlgorithm(reader, name, at);
                    _limit = _limit with { Algorithm = Enum.Parse<LimitAlgorithm>(name, ignoreCase: true) };
                    break;
                case ("burst", { } burst):
                    SetAlgorithm(reader, "burst", at);
                    _limit = long.TryParse(burst.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var b) && b is > 0 and <= LargestAmount
                        ? _limit with { Algorithm = LimitAlgorithm.Bucket, Burst = b }
                        : throw reader.Wrong($"burst must be a number from 1 to {LargestAmount}, not \"{burst}\"", at);
                    break;
                case ("jitter", { } jitter): _limit = _limit with { Jitter = ReadDuration(reader, name, jitter, at) }; break;
                case ("skew", { } skew): _limit = _limit with { Skew = ReadDuration(reader, name, skew, at) }; break;
                case ("guard", { } guard): _limit = _limit with { Guard = ReadDuration(reader, name, guard, at) }; break;
                case ("tz", { } zone): _limit = _limit with { Zone = ReadZone(reader, zone, at) }; break;
                case ("when", { } days):
                    var hours = reader.TryReadHours();
                    _limit = _limit with { When = ScheduleSyntax.TryRead(days, hours, out var when) ? when : throw reader.Wrong($"\"{(hours is null ? days : $"{days} {hours}")}\" names no days and hours", at, "for example when=Mon-Fri 09:00-18:00") };
                    break;
                case ("timing", { } text):
                    _limit = TryReadTiming(text, out var timing, out var bound)
                        ? _limit with { Timing = timing, Bound = bound }
                        : throw reader.Wrong($"unknown timing \"{text}\"", at, "timing is guaranteed, bounded, bounded:250ms or nominal");
                    break;
                default:
                    throw reader.Wrong(value is null ? $"unknown option \"{name}\"" : $"unknown option \"{name}={value}\"", at,
                        "options are sliding, fixed, counter, spaced, burst=, jitter=, tz=, skew=, guard=, when= and timing=");
            }
        }

        private void CheckTogether(Reader reader, int end)
        {
            var isFixed = _limit.Algorithm == LimitAlgorithm.Fixed;
            if (_limit.IsMonthly && !isFixed)
                throw reader.Wrong("a month is a calendar month, which only a fixed window can be", end, "write for example \"100000/month fixed\"");
            if (isFixed && !_limit.IsMonthly && _limit.Period < TimeSpan.FromSeconds(10))
                throw reader.Wrong("a fixed window under 10 s cannot be told apart from the difference of the clocks", At("fixed"), "leave out fixed: sliding is safe for it");
            if (_limit.Skew is not null && !isFixed)
                throw reader.Wrong("skew= is only for fixed", At("skew"));
            if (_limit.Jitter is not null && _limit.Algorithm != LimitAlgorithm.Spaced)
                throw reader.Wrong("jitter= is only for spaced", At("jitter"));
            if (_limit.Zone is not null && !isFixed && _limit.When is null)
                throw reader.Wrong("tz= needs fixed or when=", At("tz"));
            if (_limit.Zone is not null && isFixed && _limit.When is null && !CalendarWindows.AreOfCalendar(_limit))
                throw reader.Wrong("tz= is for calendar windows: day, week or month", At("tz"));
            if (_limit.Bound is not null && _limit.Bound < TimeSpan.FromMilliseconds(1))
                throw reader.Wrong("the bound of timing must be at least 1 ms", At("timing"));

            int At(string option) => _seen[option];
        }

        private void SetAlgorithm(Reader reader, string name, int at)
        {
            if (_algorithm is { } other)
                throw reader.Wrong($"\"{name}\" and \"{other}\" exclude each other", at);
            _algorithm = name;
        }

        private static TimeSpan ReadDuration(Reader reader, string name, string value, int at) =>
            Duration.TryParse(value, out var duration) ? duration : throw reader.Wrong($"{name} must be a duration, not \"{value}\"", at, $"for example {name}=50ms");

        private static TimeZoneInfo ReadZone(Reader reader, string id, int at) =>
            TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone)
                ? zone
                : throw reader.Wrong($"time zone \"{id}\" is not known to this machine", at, "for example tz=Europe/Berlin; install the system's time zone data (tzdata) if it is missing");
    }
}
