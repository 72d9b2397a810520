using System.Globalization;
using System.Runtime.CompilerServices;

namespace Headgate.Retries;

/// <summary>A set of status codes, as in <c>retry.statuses</c>: <c>[408, 429, "5xx"]</c>. Immutable; equality is by value.</summary>
internal sealed class StatusSet : IEquatable<StatusSet>
{
    /// <summary>408, 429 and every 5xx.</summary>
    public static readonly StatusSet Default = new((408, 408), (429, 429), (500, 599));

    private readonly Bits _bits;

    /// <summary>Makes a set of ranges; both ends are included.</summary>
    public StatusSet(params ReadOnlySpan<(int First, int Last)> ranges)
    {
        foreach (var (first, last) in ranges)
        {
            if (first < 100 || last > 599 || first > last)
                throw new ArgumentOutOfRangeException(nameof(ranges), $"{first} to {last} is no range of status codes: they go from 100 to 599");
            for (var status = first; status <= last; status++)
                _bits[status >> 6] |= 1UL << (status & 63);
        }
    }

    public bool Contains(int status) => status is >= 100 and <= 599 && (_bits[status >> 6] & 1UL << (status & 63)) != 0;

    /// <summary>Reads a list of codes (<c>408</c>) and classes of codes (<c>5xx</c>).</summary>
    /// <exception cref="FormatException">One of the texts is neither; the message shows it with an example.</exception>
    public static StatusSet Parse(params ReadOnlySpan<string> texts)
    {
        var ranges = new (int, int)[texts.Length];
        for (var i = 0; i < texts.Length; i++)
            ranges[i] = texts[i] switch
            {
                [>= '1' and <= '5' and var c, 'x' or 'X', 'x' or 'X'] => ((c - '0') * 100, (c - '0') * 100 + 99),
                [>= '1' and <= '5', _, _] text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status >= 100 => (status, status),
                var text => throw new FormatException($"\"{Excerpt.Of(text)}\" is not a status: give a number from 100 to 599, or a class, for example 408 or \"5xx\""),
            };
        return new StatusSet(ranges);
    }

    public bool Equals(StatusSet? other) => other is not null && ((ReadOnlySpan<ulong>)_bits).SequenceEqual(other._bits);

    public override bool Equals(object? obj) => Equals(obj as StatusSet);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var word in _bits)
            hash.Add(word);
        return hash.ToHashCode();
    }

    // A bit for each code up to 639.
    [InlineArray(10)]
    private struct Bits
    {
        private ulong _first;
    }
}
