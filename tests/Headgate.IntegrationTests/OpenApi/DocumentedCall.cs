namespace Headgate.IntegrationTests.OpenApi;

/// <summary>A call that is made to see whether the document tells of it.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">Its path and query.</param>
/// <param name="Status">What it must be answered with.</param>
/// <param name="Body">What is sent; null for nothing.</param>
internal sealed record DocumentedCall(string Method, string Path, int Status, string? Body = null)
{
    public (string Name, string Value)[] Headers { get; init; } = [];

    /// <summary>The body does not fit its schema, which is why it is refused.</summary>
    public bool IsWrong => Status is 400 or 415 or 422;

    public override string ToString() => $"{Method} {Path} → {Status}";
}
