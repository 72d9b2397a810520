using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>A queue that is configured. A request is its own that fits every list which is not empty; if all are empty, none is.</summary>
internal sealed record NamedQueue(string Name)
{
    /// <summary>At most so many of its jobs are under way; null for any number.</summary>
    public int? Workers { get; init; }

    /// <summary>Limits of all that is sent of its jobs, wherever it goes, beside those of its API.</summary>
    public ValueList<Limit> Limits { get; init; } = [];

    /// <summary>One of these tags.</summary>
    public ValueList<string> Tags { get; init; } = [];

    /// <summary>One of these tenants.</summary>
    public ValueList<string> Tenants { get; init; } = [];

    /// <summary>One of these APIs, by their names.</summary>
    public ValueList<string> Apis { get; init; } = [];

    /// <summary>A URL that begins with one of these.</summary>
    public ValueList<string> Urls { get; init; } = [];

    /// <summary>What the name of a queue is.</summary>
    public const string Names = "a queue has a name of 1 to 64 letters, digits, dots, dashes and underscores";

    public static bool IsName(string text) => text is { Length: >= 1 and <= 64 } && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');
}
