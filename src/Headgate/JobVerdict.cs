using System.Diagnostics.CodeAnalysis;

namespace Headgate;

/// <summary>What became of one request of many that were submitted together. Immutable.</summary>
public sealed record JobVerdict
{
    internal JobVerdict(string? id, HeadgateException? error) => (Id, Error) = (id, error);

    /// <summary>The id of the job; null if it was refused.</summary>
    public string? Id { get; }

    /// <summary>Why it was refused; null if it was taken.</summary>
    public HeadgateException? Error { get; }

    /// <summary>Whether it was taken.</summary>
    [MemberNotNullWhen(true, nameof(Id))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsAccepted => Id is not null;
}
