using System.Globalization;

namespace Headgate.Configuration;

/// <summary>A part of the whole in hundredths of a percent (0 to 10,000): integers, so that limits need no floating point.</summary>
internal readonly record struct Percentage(int BasisPoints)
{
    public const string Expects = "a share: text such as \"60%\", or a number from 0 to 1";

    public static readonly Percentage Whole = new(10_000);

    /// <summary>The part as a number from 0 to 1.</summary>
    public decimal Fraction => BasisPoints / 10_000m;

    /// <summary>This part of an amount, rounded down.</summary>
    public long Of(long amount) => (long)((Int128)amount * BasisPoints / 10_000);

    /// <summary>Reads <c>60%</c>, <c>0.5%</c> or <c>0.6</c>; at most two decimals of a percent, from 0 to 100 %.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Percentage value)
    {
        value = default;
        text = text.Trim();
        var scale = 10_000m;
        if (text.EndsWith("%"))
        {
            text = text[..^1].TrimEnd();
            scale = 100m;
        }
        if (text.Length is 0 or > 20 || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        if (number * scale > 10_000 || number * scale != decimal.Truncate(number * scale))
            return false;
        value = new Percentage((int)(number * scale));
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{BasisPoints / 100m:0.##}%");
}
