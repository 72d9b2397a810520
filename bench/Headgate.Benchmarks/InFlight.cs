namespace Headgate.Benchmarks;

internal static class InFlight
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(1);
}
