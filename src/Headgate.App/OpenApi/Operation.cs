namespace Headgate.App.OpenApi;

/// <summary>What is told of a call.</summary>
/// <param name="Id">The name that clients made of the document give it.</param>
/// <param name="Tag">Where it stands.</param>
/// <param name="Summary">What it does.</param>
internal sealed record Operation(string Id, string Tag, string Summary)
{
    public const string Json = "application/json";

    /// <summary>The schema of its body; null if it has none.</summary>
    public string? Body { get; init; }

    public string BodyType { get; init; } = Json;

    public bool NeedsBody { get; init; } = true;

    /// <summary>What it answers, and with which schema; null without a body. Any other status is a problem.</summary>
    public required IReadOnlyList<(int Status, string? Schema)> Answers { get; init; }

    public string AnswerType { get; init; } = Json;

    /// <summary>The answer is that of an API, whatever it is.</summary>
    public bool PassesOn { get; init; }

    /// <summary>Members of its query.</summary>
    public IReadOnlyList<(string Name, string Description)> Query { get; init; } = [];

    /// <summary>Those of them that it cannot do without.</summary>
    public string? NeededQuery { get; init; }

    /// <summary>Headers it reads.</summary>
    public IReadOnlyList<(string Name, string Description)> Headers { get; init; } = [];

    /// <summary>Where its page takes whatever comes, since names have slashes in them: the paths that it answers, each a call of its own. Empty where it has one.</summary>
    public IReadOnlyList<OperationPath> Paths { get; init; } = [];
}

/// <summary>One of the calls that a page answers.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Id">The name that clients made of the document give it.</param>
/// <param name="Summary">What it does.</param>
internal sealed record OperationPath(string Path, string Id, string Summary);
