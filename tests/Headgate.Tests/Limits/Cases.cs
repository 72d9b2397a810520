using System.Globalization;
using Headgate.Time;

namespace Headgate.Tests.Limits;

/// <summary>Runs a property over many seeds; a failure names the seed, which <c>HEADGATE_SEED</c> runs again alone. <c>HEADGATE_CASES</c> multiplies their number.</summary>
internal static class Cases
{
    public static void Run(int count, Action<Random> property)
    {
        var only = Read("HEADGATE_SEED");
        var (first, last) = only is { } seed ? (seed, seed) : (1, count * (Read("HEADGATE_CASES") ?? 1));
        for (var number = first; number <= last; number++)
        {
            try
            {
                property(new Random(number));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {number} (HEADGATE_SEED={number} runs it alone): {failure.Message}", failure);
            }
        }
    }

    /// <summary>A number between two others, each order of magnitude as likely as the next.</summary>
    public static long Spread(this Random random, long least, long most) =>
        Math.Clamp((long)(least * Math.Exp(random.NextDouble() * Math.Log((double)most / least))), least, most);

    public static bool Chance(this Random random, double share) => random.NextDouble() < share;

    public static T Pick<T>(this Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>A period between 100 ms and a day, in the syntax of limits.</summary>
    public static string Period(this Random random, long leastMilliseconds = 100) => $"{random.Spread(leastMilliseconds, 86_400_000)}ms";

    public static string Guard(this Random random) => random.Pick("", "", " guard=0", " guard=3ms");

    public static long Seconds(double seconds) => (long)(seconds * Clock.Second);

    private static int? Read(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
