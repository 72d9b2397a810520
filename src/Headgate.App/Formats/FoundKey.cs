namespace Headgate.App.Formats;

/// <summary>A key that a file of secrets has.</summary>
/// <param name="Name">Its name; null if it has none.</param>
/// <param name="Value">The secret: shown nowhere but in the file of keys.</param>
/// <param name="Place">Where the value stands.</param>
internal sealed record FoundKey(string? Name, string Value, TextPlace Place)
{
    /// <summary>Its own limit; null for none.</summary>
    public string? Limit { get; init; }

    /// <summary>Whether it is known to be a key, whatever its name is.</summary>
    public bool IsSurely { get; init; } = true;

    // Records write all they have.
    public override string ToString() => Name ?? "a key";
}

/// <summary>What is wrong with a file of secrets, and where. No message shows a value.</summary>
internal sealed class SecretsException(string message, TextPlace place) : Exception(message)
{
    public TextPlace Place => place;
}
