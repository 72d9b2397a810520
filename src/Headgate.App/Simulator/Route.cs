using System.Globalization;

namespace Headgate.App.Simulator;

/// <summary>What a path asks for.</summary>
internal enum RouteKind : byte
{
    /// <summary>A small JSON object. Every path that is none of the others.</summary>
    Plain,
    Redirect,
    RedirectLoop,
    Status,
    Delay,
    Echo,
    Bytes,
    Unauthorized,
    Close,
    Fin,
    Reset,
    Hang,

    RefusedStream,

    /// <summary>A number in the path, or a header of ours, that cannot be read.</summary>
    Bad,
}

/// <summary>What a path asks for, with its number: hops, status, milliseconds or bytes.</summary>
internal readonly record struct Route(RouteKind Kind, int Number = 0)
{
    public const int MostHops = 1000;
    public const int MostBytes = 1 << 30;

    /// <summary>The status of the answer; 0 where there is none.</summary>
    public int Status => Kind switch
    {
        RouteKind.Redirect => Number > 0 ? 302 : 200,
        RouteKind.RedirectLoop => 302,
        RouteKind.Status => Number,
        RouteKind.Unauthorized => 401,
        RouteKind.Bad => 400,
        _ => Fault == FaultKind.None ? 200 : 0,
    };

    /// <summary>What goes wrong by request.</summary>
    public FaultKind Fault => Kind switch
    {
        RouteKind.Fin => FaultKind.Fin,
        RouteKind.Reset => FaultKind.Reset,
        RouteKind.Hang => FaultKind.Hang,
        RouteKind.RefusedStream => FaultKind.RefusedStream,
        _ => FaultKind.None,
    };

    public static Route Of(ReadOnlySpan<char> path)
    {
        if (path.Length < 2)
            return default;
        path = path[1..];
        var slash = path.IndexOf('/');
        if (slash >= 0)
            return Numbered(path[..slash], path[(slash + 1)..]);
        return path switch
        {
            "redirect-loop" => new(RouteKind.RedirectLoop),
            "echo" => new(RouteKind.Echo),
            "unauthorized" => new(RouteKind.Unauthorized),
            "close" => new(RouteKind.Close),
            "fin" => new(RouteKind.Fin),
            "reset" => new(RouteKind.Reset),
            "hang" => new(RouteKind.Hang),
            "refused-stream" => new(RouteKind.RefusedStream),
            _ => default,
        };
    }

    private static Route Numbered(ReadOnlySpan<char> name, ReadOnlySpan<char> number) => name switch
    {
        "redirect" => Read(RouteKind.Redirect, number, 0, MostHops),
        "status" => Read(RouteKind.Status, number, 200, 599),
        "delay" => Read(RouteKind.Delay, number, 0, (int)LatencyShape.Longest.TotalMilliseconds),
        "bytes" => Read(RouteKind.Bytes, number, 0, MostBytes),
        _ => default,
    };

    private static Route Read(RouteKind kind, ReadOnlySpan<char> text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? new(kind, number)
            : new(RouteKind.Bad);
}
