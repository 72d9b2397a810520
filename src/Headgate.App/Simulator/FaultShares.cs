using System.Globalization;

namespace Headgate.App.Simulator;

/// <summary>What goes wrong with a request that was counted, instead of its answer.</summary>
internal enum FaultKind : byte
{
    None,

    /// <summary>Another status.</summary>
    Status,

    /// <summary>The connection is reset.</summary>
    Reset,

    /// <summary>No answer, until the client leaves or ten minutes have passed.</summary>
    Hang,

    /// <summary>The connection is closed in good order, without a byte of an answer.</summary>
    Fin,

    /// <summary>HTTP/2: REFUSED_STREAM, which says that nothing was done although it was. HTTP/1.1 has no such word: as <see cref="Fin"/>.</summary>
    RefusedStream,
}

/// <param name="Status">Of <see cref="FaultKind.Status"/>; else 0.</param>
internal readonly record struct Fault(FaultKind Kind, int Status = 0)
{
    /// <summary>As in <c>--errors</c>: <c>500</c>, <c>reset</c>.</summary>
    public string Name => Kind switch
    {
        FaultKind.Status => Status.ToString(CultureInfo.InvariantCulture),
        FaultKind.Reset => "reset",
        FaultKind.Hang => "hang",
        FaultKind.Fin => "fin",
        _ => "none",
    };
}

/// <summary>Which faults happen, and how often.</summary>
internal sealed class FaultShares
{
    public static readonly FaultShares None = new([]);

    private readonly (Fault Fault, double Share)[] _shares;

    private FaultShares((Fault, double)[] shares) => _shares = shares;

    public bool IsNone => _shares.Length == 0;

    /// <summary>Reads <c>500=1%,reset=0.1%,hang=0.1%,fin=0.1%</c>; says what is wrong if it is nothing of the kind.</summary>
    public static bool TryParse(string text, out FaultShares shares, out string? error)
    {
        (shares, error) = (None, null);
        var list = new List<(Fault Fault, double Share)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !part.EndsWith('%')
                || !double.TryParse(part.AsSpan(equals + 1).TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent is not (>= 0 and <= 100))
                error = $"\"{Excerpt.Of(part)}\" is not a kind of error with its share in percent";
            else if (ReadFault(part[..equals]) is not { } fault)
                error = $"\"{Excerpt.Of(part[..equals])}\" is no kind of error: give a status from 400 to 599, reset, hang or fin";
            else
                list.Add((fault, percent / 100));
            if (error is not null)
                return false;
        }
        if (list.Sum(entry => entry.Share) > 1 + 1e-9)
        {
            error = "the shares are more than 100 % together";
            return false;
        }
        shares = new([.. list]);
        return true;
    }

    public Fault Draw(Random random)
    {
        var chance = random.NextDouble();
        foreach (var (fault, share) in _shares)
            if ((chance -= share) < 0)
                return fault;
        return default;
    }

    private static Fault? ReadFault(string name) => name switch
    {
        "reset" => new Fault(FaultKind.Reset),
        "hang" => new Fault(FaultKind.Hang),
        "fin" => new Fault(FaultKind.Fin),
        _ => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599
            ? new Fault(FaultKind.Status, status)
            : null,
    };
}
