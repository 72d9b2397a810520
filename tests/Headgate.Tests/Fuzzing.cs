using System.Text;
using System.Text.Json;
using Headgate.Tests.Limits;

namespace Headgate.Tests;

/// <summary>A text on its way into a parser, and what the parser said of it.</summary>
internal sealed class Fuzzed(string text, Random random)
{
    private readonly List<string> _said = [];
    private byte[]? _bytes;

    public string Text => text;

    /// <summary>Its UTF-8; now and then with a byte that is none.</summary>
    public byte[] Bytes => _bytes ??= Fuzzing.Damage(random, Encoding.UTF8.GetBytes(text));

    public Random Random => random;

    /// <summary>What was told of it, by an exception or otherwise.</summary>
    public IReadOnlyList<string> Said => _said;

    /// <summary>Takes down what a parser says is wrong; nothing for null.</summary>
    public void Say(string? message)
    {
        if (message is not null)
            _said.Add(message);
    }
}

/// <summary>A parser and what it is given. It reads, and returns what must hold of what it has read; null where it has read nothing.</summary>
internal sealed record FuzzedParser(string Name, string[] Seeds, Func<Fuzzed, Action?> Read)
{
    /// <summary>Texts that were too much for it once, as they were, each with the reason beside it.</summary>
    public string[] OnceFailed { get; init; } = [];

    /// <summary>The exceptions by which it says no.</summary>
    public Type[] Refusals { get; init; } = [];

    /// <summary>What no message may show.</summary>
    public string? Secret { get; init; }

    /// <summary>So many texts in each of fifteen batches: fewer where a parser opens files.</summary>
    public int Batch { get; init; } = 400;

    /// <summary>Bytes it may allocate whatever the text: the trace of an exception, and tables and buffers of a fixed size.</summary>
    public long Room { get; init; } = 100_000;

    /// <summary>Bytes it may allocate for each byte of the text. An object, its list and its strings are some hundred bytes; the shortest that makes one has two.</summary>
    public long RoomPerByte { get; init; } = 200;
}

/// <summary>Gives parsers what nobody would write: nothing throws, hangs or allocates beyond the size of the text. <c>HEADGATE_TEST_LONG=1</c> gives each a minute.</summary>
internal static class Fuzzing
{
    private const int LongestMessage = 2000;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HEADGATE_TEST_LONG") == "1";
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(10);

    private static readonly string[] Pieces =
    [
        "9", "0", "-", ".", ",", ";", "=", "\"", ":", "/", " ", "w=", "999999999999", "ms", "h", "Z", "T", "{", "}", "\\", "ä", "\0",
        "\n", "\r\n", "'", "[", "]", "$", "%", "*", "~", "@", "#", "?", "&", "+", "(", "null", "true", "[]", "{}", "1e999", "-1", "\\ud800", "\\u0000", "\ud800", "\U0001F600", "\u00ad", "\ufeff", "xn--",
    ];

    /// <summary>The texts of a table as xunit names its rows.</summary>
    public static TheoryData<string> Names(IEnumerable<FuzzedParser> parsers) => [.. parsers.Select(parser => parser.Name)];

    /// <summary>Gives a parser of a table whatever comes of its seeds.</summary>
    public static void Run(IEnumerable<FuzzedParser> parsers, string name)
    {
        var parser = parsers.Single(parser => parser.Name == name);
        // As they are: tables are made, and what is meant to be read is.
        foreach (var text in (string[])[.. parser.Seeds, .. parser.OnceFailed])
            Give(parser, new Fuzzed(text, new Random(0)), isMeasured: false);
        foreach (var text in parser.OnceFailed)
            Give(parser, new Fuzzed(text, new Random(0)), isMeasured: true);
        ForAWhile(random => Give(parser, new Fuzzed(Enlarge(random, Mutate(random, Splice(random, parser.Seeds))), random), isMeasured: true), parser.Batch);
    }

    /// <summary>Fifteen batches of seeds, or a minute of them; a failure names the seed.</summary>
    public static void ForAWhile(Action<Random> property, int batch = 1000)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (var number = 0; number < 15 || (IsLong && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(1)); number++)
        {
            var first = number * batch;
            for (var seed = first; seed < first + batch; seed++)
            {
                try
                {
                    property(new Random(seed));
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
                }
            }
        }
    }

    /// <summary>A text with up to four slips in it; now and then any characters at all.</summary>
    public static string Mutate(Random random, string valid)
    {
        if (random.Chance(0.05))
            return new string([.. Enumerable.Range(0, random.Next(60)).Select(_ => (char)random.Next(1, random.Pick(128, 0x3000)))]);
        var text = new StringBuilder(valid);
        for (var times = random.Next(5); times > 0 && text.Length > 0; times--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(5))
            {
                case 0:
                    text.Remove(at, random.Next(1, Math.Min(4, text.Length - at + 1)));
                    break;
                case 1:
                    text.Insert(at, random.Pick(Pieces));
                    break;
                case 2:
                    text[at] = (char)random.Next(32, 127);
                    break;
                case 3:
                    text.Insert(at, text.ToString(at, random.Next(Math.Min(20, text.Length - at))));
                    break;
                default:
                    text.Length = at;
                    break;
            }
        }
        return text.ToString();
    }

    /// <summary>Puts up to three bytes in the place of others, once in eight times.</summary>
    public static byte[] Damage(Random random, byte[] bytes)
    {
        for (var times = random.Chance(0.125) && bytes.Length > 0 ? random.Next(1, 4) : 0; times > 0; times--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static string Splice(Random random, string[] seeds)
    {
        var one = random.Pick(seeds);
        if (!random.Chance(0.1))
            return one;
        var other = random.Pick(seeds);
        return string.Concat(one.AsSpan(0, random.Next(one.Length + 1)), other.AsSpan(random.Next(other.Length + 1)));
    }

    // What grows faster than its text shows only in a large one.
    private static string Enlarge(Random random, string text)
    {
        if (!random.Chance(0.01) || text.Length == 0)
            return text;
        var at = random.Next(text.Length);
        var piece = text.AsSpan(at, random.Next(1, Math.Min(20, text.Length - at) + 1));
        var many = new StringBuilder(text);
        for (var length = random.Next(5000); length > 0; length -= piece.Length)
            many.Insert(at, piece);
        return many.ToString();
    }

    private static void Give(FuzzedParser parser, Fuzzed text, bool isMeasured)
    {
        var size = text.Bytes.Length;
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var holds = Read(parser, text);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.False(isMeasured && allocated > parser.Room + parser.RoomPerByte * size, $"allocates {allocated} bytes");
            holds?.Invoke();
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Hang, "takes too long");
            foreach (var message in text.Said)
            {
                Assert.True(message.Length < LongestMessage, $"nobody reads {message.Length} characters: {message[..Math.Min(200, message.Length)]}");
                Assert.False(parser.Secret is { } secret && message.Contains(secret, StringComparison.Ordinal), $"shows the secret: {message}");
            }
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{parser.Name} with {Shown(text.Text)}: {failure.Message}", failure);
        }
    }

    private static Action? Read(FuzzedParser parser, Fuzzed text)
    {
        try
        {
            return parser.Read(text);
        }
        catch (Exception refusal) when (parser.Refusals.Contains(refusal.GetType()))
        {
            // The words of the runtime are cut by who tells them.
            text.Say(refusal is JsonException ? null : refusal.Message);
            return null;
        }
    }

    // As it can be pasted into a table of seeds.
    private static string Shown(string text) =>
        $"\"{string.Concat((text.Length > 3000 ? text[..3000] : text).Select(c => c is '"' or '\\' ? $"\\{c}" : c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}"))}\" ({text.Length} characters)";
}
