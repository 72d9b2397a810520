namespace Headgate.Connections;

/// <summary>What a server says before its answer (RFC 9110 §15.2): early hints for example. It is no answer, and settles nothing.</summary>
/// <param name="Status">100 to 199, and never 101, behind which no HTTP comes.</param>
/// <param name="Reason">The words beside it, as they came.</param>
/// <param name="Fields">Its headers in their order, as they came; names are tokens, values may have anything in them but line ends.</param>
internal sealed record InterimAnswer(int Status, string Reason, IReadOnlyList<KeyValuePair<string, string>> Fields);
